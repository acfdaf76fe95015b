"""A schedule of the learning rate."""


def half(p: float) -> float:
    """Return half, wherever in the training."""
    return 0.5
