"""The Learn tab: live things instead of prose."""
