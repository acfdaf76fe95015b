"""Processes that train together: where they run, how they start, hear of each other and end."""
