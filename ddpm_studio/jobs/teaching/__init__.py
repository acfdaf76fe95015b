"""What the chapters of Learn show: the lecture's concepts, computed by the engine."""
