"""How far a job is, for whoever waits: in a terminal, a notebook or a file."""
