"""Inpainting tool: paint a mask, and the model fills it in."""
