"""Series of a run's recorded evaluations that differ in nothing but the step of the weights."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from pydantic.fields import FieldInfo

from ddpm_studio.catalogue.fields import choices_of
from ddpm_studio.engine.tables import SAMPLERS
from ddpm_studio.jobs.library.setting_words import setting_text
from ddpm_studio.jobs.measuring.recorded_requests import real_data_fingerprint, recorded_fields
from ddpm_studio.requests import EvaluateRequest
from ddpm_studio.runs.evaluations import RecordedEvaluation

# Which weights of the run, where they were, and on what they were computed.
_OF_THE_WEIGHTS = frozenset({"run", "checkpoint", "device"})
_METRIC = "metric"
_DIGEST = 8


@dataclass(frozen=True)
class EvaluationSeries:
    """Evaluations with equal settings; only their figures may be joined by a line.

    Args:
        evaluations: the newest of each step, in the order of the steps.
        differing: the settings in which the series of a run differ, in words, by title.
    """

    evaluations: tuple[RecordedEvaluation, ...]
    differing: Mapping[str, str]


def series_of(
    found: Iterable[RecordedEvaluation], *, metrics_apart: bool = True
) -> list[EvaluationSeries]:
    """Divide evaluations into series, in the order in which the series were begun.

    Args:
        found: the evaluations of a run, oldest first.
        metrics_apart: whether one that was asked for all metrics and one that was asked for a
            single one are of different series.
    """
    groups: dict[tuple[str, ...], dict[int, RecordedEvaluation]] = {}
    settings: list[Mapping[str, str]] = []
    for one in found:
        told = _settings(one, metrics_apart)
        key = tuple(told.values())
        if key not in groups:
            groups[key] = {}
            settings.append(told)
        groups[key][one.step] = one
    differing = [title for title in (settings[0] if settings else ()) if _differs(title, settings)]
    return [
        EvaluationSeries(
            tuple(by_step[step] for step in sorted(by_step)),
            {title: told[title] for title in differing},
        )
        for by_step, told in zip(groups.values(), settings, strict=True)
    ]


def _differs(title: str, settings: Iterable[Mapping[str, str]]) -> bool:
    return len({told[title] for told in settings}) > 1


def _settings(one: RecordedEvaluation, with_metric: bool) -> dict[str, str]:
    """Return all settings that the figures of an evaluation depend on, in words, by title."""
    fields = EvaluateRequest.model_fields
    left_out = _OF_THE_WEIGHTS if with_metric else _OF_THE_WEIGHTS | {_METRIC}
    asked = {name: field.default for name, field in fields.items() if name not in left_out}
    asked |= {key: value for key, value in recorded_fields(one).items() if key in asked}
    if asked["steps"] is None and asked["respacing"] is None:
        asked["steps"] = _usual_steps(asked["sampler"])
    features = one.told.get("features")
    weights = features.get("weights_sha256") if isinstance(features, dict) else None
    # What was compared in the end: the request has upper limits, and may leave the features open.
    asked |= {
        "count": f"{one.samples:,}",
        "reference": f"{one.reference:,}",
        "features": one.features,
        "features_file": weights and str(weights)[:_DIGEST],
    }
    told = {
        fields[name].title or name: _words(fields[name], value) for name, value in asked.items()
    }
    return {**told, "Pictures": real_data_fingerprint(one)[:_DIGEST]}


def _usual_steps(sampler: object) -> int | str:
    """Return the number of steps that a sampler takes unless another is given."""
    known = isinstance(sampler, str) and sampler in SAMPLERS
    return (SAMPLERS[str(sampler)].default_steps if known else None) or "all"


def _words(field: FieldInfo, value: object) -> str:
    titles = {choice.value: choice.title for choice in choices_of(field)}
    return titles[value] if isinstance(value, str) and value in titles else setting_text(value)
