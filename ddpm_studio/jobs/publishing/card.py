"""Model card of a packed model: data, recipe, metrics, licence, and usage."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from ddpm_studio import __version__
from ddpm_studio.durations import format_count
from ddpm_studio.jobs.markdown import markdown_text
from ddpm_studio.jobs.publishing.commands import (
    data_args,
    evaluate_command,
    sample_call,
    sample_command,
)
from ddpm_studio.jobs.publishing.packing import SHEET
from ddpm_studio.jobs.publishing.retraining import retraining
from ddpm_studio.requests import EvaluateRequest
from ddpm_studio.runs import RunInfo
from ddpm_studio.runs.classes import known_classes
from ddpm_studio.runs.evaluations import RecordedEvaluation
from ddpm_studio.runs.weights import parameters

_SAMPLE_COUNT = 16


@dataclass(frozen=True)
class CardEvaluation:
    """An evaluation of the packed weights, with its request and the names of its pictures."""

    evaluation: RecordedEvaluation
    request: EvaluateRequest
    data: Sequence[str]


def model_card(info: RunInfo, step: int, name: str, evaluations: Sequence[CardEvaluation]) -> str:
    """Return the model card in Markdown.

    Args:
        info: the packed model.
        step: step of its weights.
        name: name of the model in commands.
        evaluations: its evaluations, at least one; with the sampler of the last one it is drawn
            with.
    """
    published = info.published
    assert published is not None
    parts = [
        f"# {markdown_text(published.title)}",
        _about(info),
        f"![Samples]({SHEET})",
        "## Use",
        *_use(info, step, name, evaluations[-1].request),
        "## Data",
        *_data(info),
        "## Training",
        *_training(info, step, f"{name.rpartition(':')[2]}-again"),
        "## Figures",
        *(part for evaluation in evaluations for part in _figures(info, step, evaluation, name)),
        "## Licence",
        f"Of the model: {markdown_text(published.license)}.",
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _about(info: RunInfo) -> str:
    config = info.network_config()
    kind = "class-conditional" if config.num_classes else "unconditional"
    student = info.student
    student_text = (
        f" It is a few-step student of {markdown_text(student.teacher)}, which draws in "
        f"{format_count(student.steps, 'step')}."
        if student is not None
        else ""
    )
    return (
        f"A {kind} denoising diffusion model of {info.picture_shape} pictures, "
        f"{parameters(config):,} parameters, packed by DDPM Studio {__version__}. Its weights are "
        "averaged over the training and stored in half precision; inference is in float32."
        f"{student_text}"
    )


def _use(info: RunInfo, step: int, name: str, request: EvaluateRequest) -> Iterator[str]:
    yield _code(
        "sh", f"ddpm-studio {name}", sample_command(info, step, request, name, "samples.png")
    )
    call = sample_call(info, step, request, name, _SAMPLE_COUNT)
    yield _code("python", "import ddpm_studio as ds", "", call)


def _data(info: RunInfo) -> Iterator[str]:
    data = info.newest_data
    assert data is not None
    assert info.published is not None
    names = ", ".join(f"`{name}`" for name in data_args(data.sources))
    pictures = format_count(data.count, "picture")
    yield f"{pictures}, {names}; fingerprint `{data.fingerprint}`."
    yield markdown_text(info.published.credits or "")
    classes = known_classes(info)
    if classes:
        yield f"Classes, from 0: {markdown_text(', '.join(classes))}."


def _training(info: RunInfo, step: int, name: str) -> Iterator[str]:
    assert info.data is not None
    plan = retraining(info, step, name)
    wording = "by this command" if len(plan.commands) == 1 else "by these commands"
    yield format_count(step, "step") + (
        f", {wording}:" if plan.exact else f". Begun alike {wording}:"
    )
    yield _code("sh", *plan.commands)
    yield from (markdown_text(line) for line in plan.remarks)
    versions = ", ".join(f"{name} {version}" for name, version in info.versions.items())
    yield f"With {markdown_text(versions)}."
    if info.plugins:
        yield f"With plug-ins: {markdown_text(', '.join(info.plugins))}."


def _figures(info: RunInfo, step: int, card_evaluation: CardEvaluation, name: str) -> Iterator[str]:
    evaluation = card_evaluation.evaluation
    yield (
        f"Of {evaluation.samples:,} samples against "
        f"{format_count(evaluation.reference, 'real picture')}, in "
        f"{markdown_text(evaluation.features)}."
        + (
            f" Floor: the same of {format_count(evaluation.floor, 'real picture')}."
            if evaluation.floors
            else ""
        )
    )
    yield _table(evaluation.figures, evaluation.floors)
    yield _code(
        "sh", evaluate_command(info, step, card_evaluation.request, name, card_evaluation.data)
    )


def _table(figures: Mapping[str, float], floors: Mapping[str, float]) -> str:
    rows = ["| figure | samples | floor |", "|---|---|---|"]
    for name, value in figures.items():
        floor = f"{floors[name]:.6g}" if name in floors else "–"
        rows.append(f"| {markdown_text(name)} | {value:.6g} | {floor} |")
    return "\n".join(rows)


def _code(language: str, *lines: str) -> str:
    return "\n".join([f"```{language}", *lines, "```"])
