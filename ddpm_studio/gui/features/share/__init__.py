"""Shared latents tool: many pictures from one x_t."""
