"""The window itself: its menus, palette, messages, and the start and end of the program."""
