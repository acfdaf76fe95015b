"""Requests on latents x_t: encoding a picture, sharing a latent, interpolating."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, ValidationInfo, field_validator
from pydantic.config import JsonDict

from ddpm_studio.requests.base import Device, Request, Seed, Weights
from ddpm_studio.requests.drawing import Frames, SamplerRequest

_MAX_POINTS = 1000
# The default shown in help; it is filled in once the model, and so T, is known.
_HALF_OF_T: JsonDict = {"fitting_default": "500, or half of T if that is less"}


class EncodeRequest(Request):
    """Encode a picture as a latent (by the forward process q, or by DDIM inversion)."""

    run: Path
    t: int | None = Field(
        None, ge=0, title="t", description="Timestep of the latent; empty: T, the last."
    )
    method: Literal["q", "ddim"] = Field(
        "q",
        title="Method",
        description="q: noise is added; ddim: the latent that leads back to the picture.",
    )
    steps: int | None = Field(
        None,
        ge=1,
        le=10000,
        title="Steps",
        description="Steps from 0 to T; ddim only. More: more exact. Empty: 250, or T if less.",
    )
    iterations: int = Field(
        2,
        ge=1,
        le=20,
        title="Iterations",
        description="Network evaluations per step; ddim only. More: more exact.",
    )
    class_label: int | None = Field(
        None,
        ge=0,
        title="Class",
        description="Name of the picture's class, or its number from 0; ddim only. Empty: none.",
    )
    seed: Seed = Field(0, title="Seed", description="Seed of the noise; q only.")
    weights: Weights = Field("ema", title="Weights", description="ema: averaged; raw: latest.")
    device: Device = Field("auto", title="Device", description="auto: the GPU if there is one.")


class ShareRequest(SamplerRequest):
    """Draw many pictures x_0 from one shared latent x_t (DDPM Fig. 7)."""

    run: Path
    t: int = Field(
        500,
        ge=0,
        title="t",
        description="0: the picture itself … T: pure noise.",
        json_schema_extra=_HALF_OF_T,
    )
    count: int = Field(8, ge=1, le=10_000, title="Count", description="How many pictures.")
    frames: Frames = 0


def trail_points(text: str) -> list[tuple[float, float]]:
    """Parse a trail, such as "0,0 0.5,1", into points (u, v), each coordinate in 0..1.

    Raises:
        ValueError: if it doesn't have 2 to 1,000 such points.
    """
    points = []
    for point in text.split():
        try:
            u, v = (float(number) for number in point.split(","))
        except ValueError:
            u = v = math.nan
        if not (0 <= u <= 1 and 0 <= v <= 1):
            raise ValueError('needs two numbers from 0 to 1 in each point, such as "0,0 0.5,1"')
        points.append((u, v))
    if not 2 <= len(points) <= _MAX_POINTS:
        raise ValueError(f"needs 2 to {_MAX_POINTS:,} points, not {len(points):,}")
    return points


class MixRequest(SamplerRequest):
    """Base class of requests that interpolate pictures in latent space at t."""

    run: Path
    t: int = Field(
        500,
        ge=0,
        title="t",
        description="0: blend of pixels … T: new pictures.",
        json_schema_extra=_HALF_OF_T,
    )
    steps_lambda: int = Field(
        9, ge=2, le=1000, title="λ steps", description="Pictures from λ=0 to λ=1, ends included."
    )
    mix: Literal["linear", "spherical"] = Field(
        "linear",
        title="Mix",
        description="linear: as in the paper; spherical: keeps the noise's variance.",
    )
    class_labels: tuple[Annotated[int, Field(ge=0)] | None, ...] | None = Field(
        None,
        title="Classes",
        description="Class of each mixed picture, in order, by name or number, such as cat,dog; "
        "none: unconditional. Between them the class embedding is interpolated. Empty: one class "
        "for all, or none.",
        json_schema_extra={"metavar": "A,B,…"},
        # Left out of dumps if unset, so that recipes stay as they were before it was added.
        exclude_if=lambda labels: labels is None,
    )
    frames: Frames = 0

    @field_validator("class_labels")
    @classmethod
    def _check_class_labels(
        cls, labels: tuple[int | None, ...] | None, info: ValidationInfo
    ) -> tuple[int | None, ...] | None:
        if labels is not None and info.data.get("class_label") is not None:
            raise ValueError("give one class for all, or one of each, not both")
        return labels


class InterpolateRequest(MixRequest):
    """Interpolate pictures, or four corners, in latent space at t (DDPM Fig. 8)."""

    u: float | None = Field(
        None, ge=0, le=1, title="u", description="A single λ; of four corners, left to right."
    )
    v: float | None = Field(
        None, ge=0, le=1, title="v", description="Of four corners, top to bottom; needs u."
    )
    trail: str | None = Field(
        None,
        max_length=20_000,
        title="Trail",
        description='Points u,v of a path between four corners, one picture each, such as "0,0 '
        '0.5,0.2 1,1"; instead of u and v.',
        # Left out of dumps if unset, so that recipes stay as they were before it was added.
        exclude_if=lambda text: text is None,
    )

    @field_validator("trail")
    @classmethod
    def _check_trail(cls, text: str | None, info: ValidationInfo) -> str | None:
        if text is not None:
            trail_points(text)
            if info.data.get("u") is not None or info.data.get("v") is not None:
                raise ValueError("give a trail, or u and v, not both")
        return text


class PathRequest(MixRequest):
    """Interpolate along a path through several pictures in latent space at t."""

    closed: bool = Field(False, title="Closed", description="Also from the last back to the first.")
