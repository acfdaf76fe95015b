"""Series of a run's recorded evaluations that differ in nothing but the step of the weights."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from pydantic.fields import FieldInfo

from ddpm_studio.catalogue.fields import choices_of, is_unused_option
from ddpm_studio.engine.tables import SAMPLERS
from ddpm_studio.jobs.library.setting_words import setting_text
from ddpm_studio.jobs.measuring.recorded_requests import real_data_fingerprint, recorded_fields
from ddpm_studio.requests import EvaluateRequest
from ddpm_studio.runs.evaluations import RecordedEvaluation

# Which weights of the run, where they were, and on what they were computed.
_WEIGHT_FIELDS = frozenset({"run", "checkpoint", "device"})
_METRIC = "metric"
_DIGEST_LENGTH = 8


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
    evaluations: Iterable[RecordedEvaluation], *, metrics_apart: bool = True
) -> list[EvaluationSeries]:
    """Divide evaluations into series, in the order in which the series were begun.

    Args:
        evaluations: the evaluations of a run, oldest first.
        metrics_apart: whether one that was asked for all metrics and one that was asked for a
            single one are of different series.
    """
    groups: dict[tuple[str, ...], dict[int, RecordedEvaluation]] = {}
    all_texts: list[Mapping[str, str]] = []
    for evaluation in evaluations:
        texts = _settings(evaluation, metrics_apart)
        key = tuple(texts.values())
        if key not in groups:
            groups[key] = {}
            all_texts.append(texts)
        groups[key][evaluation.step] = evaluation
    differing = [
        title for title in (all_texts[0] if all_texts else ()) if _differs(title, all_texts)
    ]
    return [
        EvaluationSeries(
            tuple(by_step[step] for step in sorted(by_step)),
            {title: texts[title] for title in differing},
        )
        for by_step, texts in zip(groups.values(), all_texts, strict=True)
    ]


def _differs(title: str, settings: Iterable[Mapping[str, str]]) -> bool:
    return len({texts[title] for texts in settings}) > 1


def _settings(evaluation: RecordedEvaluation, with_metric: bool) -> dict[str, str]:
    """Return all settings that the figures of an evaluation depend on, in words, by title."""
    fields = EvaluateRequest.model_fields
    excluded = _WEIGHT_FIELDS if with_metric else _WEIGHT_FIELDS | {_METRIC}
    settings = {name: field.default for name, field in fields.items() if name not in excluded}
    settings |= {
        key: value for key, value in recorded_fields(evaluation).items() if key in settings
    }
    settings |= {
        name: fields[name].default
        for name in settings
        if is_unused_option(EvaluateRequest, name, settings)
    }
    if settings["steps"] is None and settings["respacing"] is None:
        settings["steps"] = _default_steps(settings["sampler"])
    features = evaluation.told.get("features")
    weights = features.get("weights_sha256") if isinstance(features, dict) else None
    # What was compared in the end: the request has upper limits, and may leave the features open.
    settings |= {
        "count": f"{evaluation.samples:,}",
        "reference": f"{evaluation.reference:,}",
        "features": evaluation.features,
        "features_file": weights and str(weights)[:_DIGEST_LENGTH],
    }
    texts = {
        fields[name].title or name: _value_text(fields[name], value)
        for name, value in settings.items()
    }
    return {**texts, "Pictures": real_data_fingerprint(evaluation)[:_DIGEST_LENGTH]}


def _default_steps(sampler: object) -> int | str:
    """Return the number of steps that a sampler takes unless another is given."""
    is_known = isinstance(sampler, str) and sampler in SAMPLERS
    return (SAMPLERS[str(sampler)].default_steps if is_known else None) or "all"


def _value_text(field: FieldInfo, value: object) -> str:
    titles = {choice.value: choice.title for choice in choices_of(field)}
    return titles[value] if isinstance(value, str) and value in titles else setting_text(value)
