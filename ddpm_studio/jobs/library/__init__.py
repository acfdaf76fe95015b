"""Library of what is on the disk: runs, galleries, pins, exports, and imported models."""
