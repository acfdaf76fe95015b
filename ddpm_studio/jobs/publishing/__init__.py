"""A run packed to be shared: weights in half precision, a gallery, figures and a model card."""
