"""Share: many pictures from one latent."""
