"""Layouts of other programs' models: a file each, listed in the catalogue."""
