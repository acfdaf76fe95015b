"""One command a file, each with a function ``command``; loaded when it is called."""
