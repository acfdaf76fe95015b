"""The paper's training recipe on a small network, for tests that do not depend on the model."""

from __future__ import annotations

from typing import Any

#: Fields of a ``TrainRequest``. The network predicts ε and has an equivalent in `diffusers`.
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
#: The same recipe as command-line options.
PAPER_WORDS = [
    word
    for name, value in PAPER.items()
    for word in (f"--{name.replace('_', '-')}", *([] if value is True else [str(value)]))
]
