"""The start page: recent runs, renamed and moved to the trash."""
