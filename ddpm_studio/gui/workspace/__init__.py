"""Model of the window: open data and run, actions, settings, undo; features are its views."""
