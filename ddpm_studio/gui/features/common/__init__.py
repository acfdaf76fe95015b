"""Widgets shared by several tools: sampler bar, picture slots, sliders, export, tool base class."""
