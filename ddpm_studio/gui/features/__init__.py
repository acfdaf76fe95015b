"""Features of the window, one folder per tool or dock; they depend on the workspace."""
