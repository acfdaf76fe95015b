"""Lessons: a view with questions, made in the window and opened like a picture."""
