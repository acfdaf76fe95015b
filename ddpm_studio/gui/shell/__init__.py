"""Main window, menus, command palette, and start-up and shutdown of the program."""
