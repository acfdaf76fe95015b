"""Commands, one module each with a function ``command``; imported when the command is called."""
