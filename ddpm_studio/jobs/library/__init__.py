"""What lies on the disk: runs, galleries, pins, and models of other programs."""
