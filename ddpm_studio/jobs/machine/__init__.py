"""What computes and how fast: device, precision, compiling, and what a trial found."""
