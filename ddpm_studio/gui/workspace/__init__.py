"""The window's model: what is open, actions, settings, undo; features are views of it."""
