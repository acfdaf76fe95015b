"""Specifications of all jobs that the window asks for; torch is imported where they run."""
