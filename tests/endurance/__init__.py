"""What takes minutes or hours to show: ``python -m tests.endurance [NAME …] [--out FILE]``.

Each module of :mod:`tests.endurance.forms` is one long form, called by the module's name: its
docstring's first line says what it shows, its ``endure(scale)`` does it. Its short form is a test
among the others. To add one, put a module there.
"""
