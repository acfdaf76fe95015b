"""The Learn tab: a lecture on diffusion models in interactive chapters."""
