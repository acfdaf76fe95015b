"""Drawing: sampling, shared latents, interpolation, inpainting, and redrawing from recipes."""
