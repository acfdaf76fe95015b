"""Publishing of a run as a packed model: half-precision weights, gallery, metrics, model card."""
