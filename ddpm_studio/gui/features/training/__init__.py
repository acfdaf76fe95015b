"""The Training dock: settings, status, samples."""
