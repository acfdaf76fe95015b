"""Settings dialog, and the application of settings."""
