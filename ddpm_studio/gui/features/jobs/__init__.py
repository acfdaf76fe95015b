"""The Jobs dock: the list of jobs."""
