"""What several tools share: sampler, sources, sliders, export, the base of a tool."""
