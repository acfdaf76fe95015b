"""Networks that predict from x_t and t: the U-Net of the paper and its blocks."""
