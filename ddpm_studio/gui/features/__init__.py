"""What a person works with, one folder a tool or dock; features know the workspace."""
