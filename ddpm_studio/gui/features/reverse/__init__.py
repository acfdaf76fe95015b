"""Reverse process: x_t and the predicted x_0, scrubbed step by step."""
