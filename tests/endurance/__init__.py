"""Endurance tests, of minutes or hours: ``python -m tests.endurance [NAME …] [--out FILE]``.

Each module of :mod:`tests.endurance.forms` is one of them, called by the module's name: the first
line of its docstring says what it shows, its ``endure(scale)`` runs it. A short version is among
the ordinary tests. To add an endurance test, add a module there.
"""
