"""Requests for evaluation: bits/dim, progressive decoding, nearest neighbours, FID and others."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from ddpm_studio.catalogue.fields import OneOf
from ddpm_studio.catalogue.measures import FEATURES, METRICS
from ddpm_studio.engine.tables.samplers import FEW_STEPS
from ddpm_studio.requests.base import Device, FixedVariance, Request, Sampler, Seed, Weights
from ddpm_studio.requests.drawing import SamplerRequest


class MeasureRequest(Request):
    """Base class of requests that evaluate the variational bound."""

    run: Path
    timesteps: int | None = Field(
        None,
        ge=3,
        le=10000,
        title="Timesteps",
        description="How many to evaluate at most, denser at small t; empty: all.",
    )
    variance: FixedVariance | None = Field(
        None, title="Variance", description="σₜ² of the reverse process; empty: as trained."
    )
    clip_x0: bool = Field(
        True, title="Clip x̂₀", description="Keep the predicted picture within the pixel range."
    )
    seed: Seed = Field(0, title="Seed", description="Same seed, same figures.")
    weights: Weights = Field("ema", title="Weights", description="ema: averaged; raw: latest.")
    device: Device = Field("auto", title="Device", description="auto: the GPU if there is one.")


class BitsRequest(MeasureRequest):
    """Measure bits/dim over a set of pictures (DDPM eq. 5, Table 4)."""

    count: int = Field(
        16, ge=1, le=1_000_000, title="Count", description="Pictures, spread over the set."
    )
    batch: int | None = Field(
        None,
        ge=1,
        le=65536,
        title="Batch",
        description="Evaluations at once; no effect on the figures; empty: as suits the device.",
    )
    flow: bool = Field(
        False,
        title="Flow",
        description="Also the exact log-likelihood by the probability-flow ODE; slow.",
    )
    dequantise: Literal["uniform", "noise"] = Field(
        "uniform",
        title="Dequantise",
        description="For the flow. uniform: as published; noise: by x_1, to go with the bound.",
    )


class PictureMeasureRequest(MeasureRequest):
    """How to measure a model on one picture."""

    class_label: int | None = Field(
        None,
        ge=0,
        title="Class",
        description="Number of the picture's class, from 0; empty: without a class.",
    )


class DecodeRequest(PictureMeasureRequest):
    """Decode one picture progressively (its x̂_0 from each x_t, and the rate; DDPM §4.3)."""

    moments: int = Field(
        10, ge=2, le=1000, title="Moments", description="How many t to show, from T to 1."
    )


class NeighboursRequest(Request):
    """Find the training pictures nearest to a picture."""

    run: Path
    count: int = Field(8, ge=1, le=10_000, title="Count", description="How many neighbours.")


class CompareRequest(Request):
    """Compare samples with real pictures."""

    count: int = Field(
        1000,
        ge=2,
        le=100_000,
        title="Samples",
        description="How many samples; the floor is of as many real pictures.",
    )
    reference: int = Field(
        10_000,
        ge=2,
        le=10_000_000,
        title="Reference",
        description="Real pictures to compare with, at most; spread over the set.",
    )
    features: Annotated[str, OneOf(FEATURES)] | None = Field(
        None,
        title="Features",
        description="Feature space of the comparison; empty: a classifier of the set where the "
        "pictures have classes, else their pixels.",
    )
    features_file: Path | None = Field(
        None,
        title="Weights of the features",
        description="File with the weights of the feature network: a classifier that was kept, "
        "Inception or DINOv2; safetensors or of torch.save.",
        json_schema_extra={"metavar": "FILE"},
    )
    components: int | None = Field(
        None,
        ge=0,
        le=4096,
        title="Components",
        description="Principal components of the real pictures' features to project onto; 0: no "
        "projection; empty: as suits the features.",
    )
    metric: Annotated[str, OneOf(METRICS)] | None = Field(
        None, title="Metric", description="Which metric; empty: all that the features allow."
    )
    seed: Seed = Field(0, title="Seed", description="Same seed, same figures.")


class EvaluateRequest(CompareRequest, SamplerRequest):
    """Draw samples and compare them with real pictures (FID, KID, precision and recall)."""

    run: Path
    sampler: Sampler = Field(
        FEW_STEPS,
        title="Sampler",
        description="How to get from noise to a picture.",
    )
    by_class: bool = Field(
        True,
        title="By class",
        description="Draw the classes in the proportions of the real pictures, where the model "
        "is class-conditional and no class is chosen.",
    )
