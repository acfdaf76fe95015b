"""Progress displays, in a terminal, a notebook or a file."""
