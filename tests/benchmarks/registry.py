"""Registry of benchmarks: name of a module with ``measure(rounds)``, or MODULE.FUNCTION."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import cast

from tests.benchmarks.figures import Figure

Measure = Callable[[int], list[Figure]]

MEASURES: dict[str, str] = {
    "training": "One training step of the 64-wide 32-px network, against the peers",
    "sampling": "Network evaluations of ancestral sampling, against the peers",
    "memory": "Peak memory of training, against the peers",
    "gpu.training": "DDPM's network trained on a GPU, against the peers and the matrix rate",
    "gpu.sampling": "1000-step sampling of 256 images on a GPU, against the peers",
    "gpu.ordered": "What deterministic training costs on a GPU",
    "bf16_loss": "The loss after training in bf16 against float32",
    "few_steps": "20 DPM-Solver++ steps against 1000 ancestral: distance to the data",
    "students": "A few-step student: 16 pictures in two steps, and a pad that is dragged",
    "scrubber": "1,000 frames of 64 pictures scrubbed in the window: a frame's time, the memory",
    "gallery": "10,000 pictures scrolled in the gallery: a frame's time, the memory",
    "data_path": "A zip of 50,000 small JPEGs to a ready array, against decoding alone",
    "startup": "Launch to the first painted window",
    "first_picture": "Launch to a picture drawn by a ready model, after one click",
    "window": "The window while it trains: timers, speed, answers",
    "first_minute": "A training in the window, from each tab: how much of it goes into steps",
    "ranks": "Two ranks of one thread against one process, and what their exchange takes",
    "busy_machine": "A training beside two busy loops, and alone: how many threads it takes",
    "exporting": "Training in the window while films of 500 frames are written and cancelled",
    "recipes": "Pictures after 2 minutes: 0.1.0's recipe, a peer's, today's (an hour and a half)",
    "recipes.ten_minutes": "Pictures after 10 minutes, in the same way",
    "recipes.an_hour": "Pictures after an hour, in the same way",
    "playground": "Seconds to a spiral of points, and how true the learned score is",
}


def load(name: str) -> Measure:
    """Import a benchmark's module and return its function; only the chosen ones are imported."""
    module, _, function = name.partition(".")
    found = importlib.import_module(f"tests.benchmarks.{module}")
    return cast(Measure, getattr(found, function or "measure"))
