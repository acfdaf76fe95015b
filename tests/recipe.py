"""The paper's recipe on a small network, for tests of what is done with whichever model."""

from __future__ import annotations

from typing import Any

#: Fields of a ``TrainRequest``; `diffusers` has a network like this, and it predicts ε.
PAPER: dict[str, Any] = {
    "preset": "tiny",
    "optimizer": "adam",
    "learning_rate": 2e-4,
    "learning_rate_schedule": "constant",
    "schedule": "linear",
    "parameterization": "eps",
    "flip": True,
    "augmentation": 0.0,
}
#: The same on a command line.
PAPER_WORDS = [
    word
    for name, value in PAPER.items()
    for word in (f"--{name.replace('_', '-')}", *([] if value is True else [str(value)]))
]
