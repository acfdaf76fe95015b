"""What the network predicts and how it is asked: one file each, listed in the engine's tables."""
