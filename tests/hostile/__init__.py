"""Robustness tests: malicious and damaged files, fed to every reader of files.

``seeds`` makes valid files, ``corpus`` makes malformed ones from them, ``readers`` says how each
kind is read, ``watch`` feeds them to separate processes and checks time and memory;
``fuzz`` makes more for any length of time. ``python -m tests.endurance hostile`` and ``python -m
tests.hostile.fuzz`` are the long forms.
"""
