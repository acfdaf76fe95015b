"""Fill in: paint a mask, let the model draw it anew."""
