"""Requests of the Learn tab: a noise schedule to plot, and diffusion of 2-D points."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from ddpm_studio.engine.tables.schedules import BETA_END, BETA_START
from ddpm_studio.requests.base import Request, Schedule, Seed


class ScheduleRequest(Request):
    """A noise schedule to plot."""

    schedule: Schedule = Field("linear", title="Noise schedule", description="How βₜ depends on t.")
    timesteps: int = Field(
        1000, ge=2, le=10000, title="Timesteps T", description="Length of the forward process."
    )
    beta_start: float = Field(
        BETA_START,
        gt=0,
        lt=1,
        title="β₁",
        description="Variance of the first step’s noise, where the schedule begins with it.",
    )
    beta_end: float = Field(
        BETA_END,
        gt=0,
        lt=1,
        title="β at T",
        description="Variance of the last step’s noise, where the schedule ends with it.",
    )


class PlaygroundRequest(Request):
    """Train a small network on 2-D points."""

    shape: Literal["eight_gaussians", "moons", "spiral", "drawing"] = Field(
        "spiral", title="Shape", description="Distribution of the points; drawing: your own."
    )
    steps: int = Field(2000, ge=1, le=100_000, title="Steps", description="Optimiser steps.")
    timesteps: int = Field(
        # The minimum of 21 is that of the scaled schedule: with fewer steps its β would reach 1.
        100,
        ge=21,
        le=1000,
        title="Timesteps T",
        description="Length of the forward process.",
    )
    seed: Seed = Field(0, title="Seed", description="Same seed, same points.")
