"""Lessons, views with questions: the dialog to make one, and the bar that shows it."""
