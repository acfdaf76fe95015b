"""Reverse process tool: x_t, predicted x_0 and noise at every step, with playback."""
