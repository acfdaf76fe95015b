"""Report part on settings and seeds of the model and of the report."""

from __future__ import annotations

import shlex
from collections.abc import Generator
from typing import Any

from ddpm_studio.catalogue.report_parts import REPORT_PARTS
from ddpm_studio.durations import format_count
from ddpm_studio.engine.tables import PARAMETERIZATIONS, SCHEDULES, VARIANCES, Table
from ddpm_studio.export.report.blocks import Facts, Note, ReportFigure, Section
from ddpm_studio.jobs.events import Event
from ddpm_studio.jobs.library.run_summary import describe_run, steps_text
from ddpm_studio.jobs.publishing.commands import data_args
from ddpm_studio.jobs.publishing.retraining import retraining
from ddpm_studio.jobs.reporting.subject import PartPlan, Subject
from ddpm_studio.local_time import local_time
from ddpm_studio.requests import TrainRequest
from ddpm_studio.runs import RunInfo

_PART = "settings"
_MAX_LENGTH = 300


def settings(subject: Subject) -> PartPlan:
    """Plan the part on settings: the contents of ``run.json``, and the report's request."""

    def work() -> Generator[Event, None, Section]:
        yield from ()
        return _settings(subject)

    return PartPlan(0, work)


def _settings(subject: Subject) -> Section:
    entry = REPORT_PARTS[_PART]
    info = subject.model.info
    figures = [
        ReportFigure(
            [Facts(_model(subject))],
            "The model.",
            [shlex.join(["ddpm-studio", "info", subject.run_arg])],
        )
    ]
    if info.request is not None:
        figures.append(_training(subject, info))
    else:
        text = f"It was trained elsewhere: {info.origin or 'it is not known where'}."
        figures.append(ReportFigure([Note(text, missing=True)]))
    figures.append(
        ReportFigure([Facts(_report(subject))], "This report.", _full_report_commands(subject))
    )
    return Section(entry.name, entry.title, entry.paper, "", figures)


def _training(subject: Subject, info: RunInfo) -> ReportFigure:
    facts = [Facts(_fields(info))]
    if info.data is None:
        return ReportFigure(facts, "Its training.")
    name = f"{subject.request.run.resolve().name}-again"
    plan = retraining(info, subject.model.step, name, subject.folder)
    single = len(plan.commands) == 1
    if plan.exact:
        wording = "The same command" if single else "These commands, one after the other,"
        prefix = (
            f"{wording} on the same pictures, in as many threads, give{'s' * single} the same model"
        )
        claim = f"{prefix} on the CPU."
    else:
        wording = "this command trains one" if single else "these commands train one"
        claim = (
            f"No command gives the very same model; {wording} in the same way, to its planned end."
        )
    return ReportFigure(facts, " ".join(["Its training.", *plan.remarks, claim]), plan.commands)


def _model(subject: Subject) -> list[tuple[str, str]]:
    info, summary = subject.model.info, describe_run(subject.request.run)
    process, data = info.process, info.newest_data
    count = format_count(summary.pictures, "picture") if summary.pictures is not None else ""
    student = ""
    if summary.teacher and summary.sampler_steps is not None:
        student = f"{summary.teacher}, in {format_count(summary.sampler_steps, 'step')}"
    return [
        ("Step", steps_text(subject.model.step, summary.steps)),
        ("Loss", "" if summary.last_loss is None else f"{summary.last_loss:.4f}"),
        ("Network", summary.preset or summary.network),
        ("Parameters", "" if summary.parameters is None else f"{summary.parameters:,}"),
        ("Pictures", str(info.picture_shape)),
        ("Trained on", count),
        ("From", ", ".join(data_args(data.sources)) if data else ""),
        ("Fingerprint of the data", data.fingerprint[:16] if data else ""),
        ("Classes", _truncate(", ".join(subject.classes))),
        ("Noise schedule", _title(SCHEDULES, process.schedule)),
        ("Timesteps T", f"{process.timesteps:,}"),
        ("Predicts", _title(PARAMETERIZATIONS, process.parameterization)),
        ("Variance", _title(VARIANCES, process.variance)),
        ("Zero terminal SNR", "yes" if process.zero_terminal_snr else ""),
        ("Few-step student of", student),
        ("Comes from", info.origin),
        ("Licence", summary.license or ""),
        ("Plug-ins", "; ".join(filter(None, dict.fromkeys(info.plugins.values())))),
        ("Versions", ", ".join(f"{name} {version}" for name, version in info.versions.items())),
        ("Created", local_time(info.created)),
    ]


def _fields(info: RunInfo) -> list[tuple[str, str]]:
    """Return the settings by title, "" for unset ones, except for those shown elsewhere."""
    settings = info.training_settings()
    return [
        (field.title or name, _value_text(settings[name]))
        for name, field in TrainRequest.model_fields.items()
        if name not in ("device", "threads", "steps", "timesteps", "schedule", "parameterization")
    ]


def _report(subject: Subject) -> list[tuple[str, str]]:
    request = subject.request
    default_steps = f"all {subject.T:,}" if subject.model.info.student is None else "its own"
    return [
        ("Seed", str(request.seed)),
        ("Weights", "averaged (EMA)" if request.weights == "ema" else "the latest"),
        ("Step", f"{subject.model.step:,}"),
        ("Device", subject.model.device.type),
        ("Sampler steps", f"{subject.steps:,}" if subject.steps else default_steps),
        ("Quick", "yes" if request.quick else "no"),
        ("Pictures", _pictures(subject)),
    ]


def _pictures(subject: Subject) -> str:
    if subject.in_memory:
        return "pictures from memory"
    return ", ".join(subject.data_args) or "those it was trained on"


def _full_report_commands(subject: Subject) -> list[str]:
    request = subject.request.model_copy(update={"only": None})
    return subject.data_commands("report", request, out="report.html")


def _title(table: Table[Any], name: str) -> str:
    return str(table[name].title) if name in table else name


def _value_text(value: object) -> str:
    if value is None or value == {}:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:g}" if isinstance(value, float) else str(value)


def _truncate(text: str) -> str:
    return text if len(text) <= _MAX_LENGTH else f"{text[: _MAX_LENGTH - 1]}…"
