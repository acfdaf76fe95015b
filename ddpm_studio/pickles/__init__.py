"""Pickles, and files that hold them, read without being run."""
