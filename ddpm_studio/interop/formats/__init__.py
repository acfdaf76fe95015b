"""Model formats of other programs, one module each, listed in the catalogue."""
