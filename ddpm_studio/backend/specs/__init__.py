"""Specifications of all jobs that the window asks for; torch is imported where they run."""

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
