"""Networks that predict from x_t and t, and the register of their kinds."""
