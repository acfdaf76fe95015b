"""Recorded evaluations for tests, as the evaluation of a run writes them."""

from __future__ import annotations

from typing import Any

from ddpm_studio.runs.evaluations import RecordedEvaluation

_OF_PICTURES = ("seed", "metric", "components")


def evaluation(
    step: int = 2,
    frechet: float = 3.5,
    *,
    samples: int = 1000,
    reference: int = 9000,
    features: str = "64 features",
    weights_sha256: str = "aaaaaaaa00",
    data: str = "dddddddd00",
    by_class: bool = True,
    **asked: Any,
) -> RecordedEvaluation:
    """Return an evaluation; further arguments are fields of its request."""
    request = {
        "steps": 10,
        "variance": "fixed_large",
        "seed": 0,
        "clip_x0": True,
        "weights": "ema",
        "checkpoint": None,
        "device": "auto",
        "precision": "float32",
        "class_label": None,
        "guidance": 1.0,
        "sampler": "dpm++2m-sde",
        "eta": 0.0,
        "run": "somewhere",
        "count": samples,
        "frames": 0,
        **asked,
    }
    if "respacing" in asked:
        request["steps"] = None
    compared = {"count": samples, "reference": 10_000, "features": None, "features_file": None}
    compared |= {name: asked.get(name) for name in _OF_PICTURES} | {"seed": request["seed"]}
    return RecordedEvaluation(
        step=step,
        created="2026-11-29T10:00:00+00:00",
        samples=samples,
        reference=reference,
        floor=samples,
        features=features,
        told={
            "features": {"weights_sha256": weights_sha256},
            "recipe": {
                "kind": "evaluate",
                "request": {key: value for key, value in request.items() if key != "metric"},
                "checkpoint": step,
                "by_class": by_class,
                "compared": compared,
                "data": data,
            },
        },
        figures={"frechet": frechet},
        floors={"frechet": 0.25},
    )
