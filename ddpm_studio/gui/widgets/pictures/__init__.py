"""Pictures: grids, film strips, slots, pads and what is dragged between them."""
