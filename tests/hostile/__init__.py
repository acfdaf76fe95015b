"""Files that were made to do harm, or that harm was done to, fed to every reader.

``seeds`` makes whole files, ``corpus`` makes malformed ones of them, ``readers`` says how each
kind is read, ``watch`` feeds them in processes of their own and looks at time and memory;
``fuzz`` makes more for as long as one likes. ``python -m tests.endurance hostile`` and ``python -m
tests.hostile.fuzz`` are the long forms.
"""
