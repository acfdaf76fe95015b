"""The Data dock: what was dropped and what became of it."""
