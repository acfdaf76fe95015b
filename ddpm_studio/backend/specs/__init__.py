"""Factories of the specifications of all the window's jobs; torch is imported when they run."""

from ddpm_studio.backend.specs import (
    covers,
    data,
    drawing,
    exports,
    gallery,
    learning,
    machine,
    measuring,
    pins,
    playground,
    reports,
    run_files,
    runs,
    teaching,
    training,
)

__all__ = [
    "covers",
    "data",
    "drawing",
    "exports",
    "gallery",
    "learning",
    "machine",
    "measuring",
    "pins",
    "playground",
    "reports",
    "run_files",
    "runs",
    "teaching",
    "training",
]
