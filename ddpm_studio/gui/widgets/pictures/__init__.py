"""Picture widgets: grids, thumbnails, film strips, slots, mask painter, and drag and drop."""
