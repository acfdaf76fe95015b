"""Layout: rows, messages, empty states, drop zones."""
