"""Layout widgets: labels, rows, drawers, message bar, empty states, drop zones."""
