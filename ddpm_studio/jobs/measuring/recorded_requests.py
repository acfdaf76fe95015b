"""Evaluation requests from recorded evaluations, to repeat them with newer weights."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic import ValidationError

from ddpm_studio.requests import EvaluateRequest
from ddpm_studio.runs.evaluations import RecordedEvaluation


def recorded_fields(evaluation: RecordedEvaluation) -> dict[str, Any]:
    """Return the fields of an evaluation's request that were recorded, not validated."""
    recipe = evaluation.told.get("recipe")
    if not isinstance(recipe, dict):
        return {}
    sample_fields, compare_fields = recipe.get("request"), recipe.get("compared")
    fields: dict[str, Any] = {
        **(sample_fields if isinstance(sample_fields, dict) else {}),
        **(compare_fields if isinstance(compare_fields, dict) else {}),
        "by_class": recipe.get("by_class", True),
    }
    return {key: value for key, value in fields.items() if key in EvaluateRequest.model_fields}


def recorded_request(evaluation: RecordedEvaluation, run: Path) -> EvaluateRequest | None:
    """Return the request of an evaluation for the newest weights; None if it was not recorded."""
    fields = recorded_fields(evaluation)
    if not fields:
        return None
    try:
        return EvaluateRequest.model_validate(
            {**fields, "run": run, "checkpoint": None, "device": "auto"}
        )
    except ValidationError:
        return None


def real_data_fingerprint(evaluation: RecordedEvaluation) -> str:
    """Return the fingerprint of an evaluation's real pictures; "" if it was not recorded."""
    recipe = evaluation.told.get("recipe")
    return str(recipe.get("data", "")) if isinstance(recipe, dict) else ""
