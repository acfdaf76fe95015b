"""The start page, with renaming of runs and moving them to the trash."""
