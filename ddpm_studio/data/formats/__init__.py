"""Containers of pictures: folders, archives, NumPy files, IDX; trusted in nothing."""
