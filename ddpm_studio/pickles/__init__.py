"""Safe reading of pickles, and of files that contain them, without executing any code."""
