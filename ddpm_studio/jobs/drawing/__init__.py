"""Drawing: samples, shared latents, interpolation, filling in, and drawing them again."""
