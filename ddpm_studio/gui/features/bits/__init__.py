"""Bits tool: variational bound in bits/dim by timestep, and progressive decoding."""
