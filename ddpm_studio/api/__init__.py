"""DDPM Studio from Python: ``import ddpm_studio as ds``; beside the terminal, on the same jobs."""
