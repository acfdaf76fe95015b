"""``evaluations.jsonl``: recorded evaluations of a run's samples, one JSON object per line."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ddpm_studio.runs import atomic
from ddpm_studio.runs.ready import make_user_files_folder, user_files_folder
from ddpm_studio.strict_json import parse_object

FILE_NAME = "evaluations.jsonl"

_MAX_LINE_BYTES = 1 << 20
_MAX_BYTES = 64 << 20


@dataclass(frozen=True)
class RecordedEvaluation:
    """One evaluation of a model's samples.

    Args:
        step: training step of the weights.
        created: ISO 8601 time stamp.
        samples: number of samples drawn.
        reference: number of real pictures that they were compared with.
        floor: number of real pictures used in place of samples to measure the floor; 0: none.
        features: the feature space of the comparison, in words.
        told: everything else that determines the figures: weights and sizes of the features, the
            sampler, the fingerprint of the pictures.
        figures: metrics by name.
        floors: the same metrics of real pictures.
    """

    step: int
    created: str
    samples: int
    reference: int
    floor: int
    features: str
    told: Mapping[str, Any]
    figures: Mapping[str, float]
    floors: Mapping[str, float]

    @property
    def class_label(self) -> int | None:
        """Class index of all samples; None: samples of several classes, or without a class."""
        recipe = self.told.get("recipe")
        request = recipe.get("request") if isinstance(recipe, dict) else None
        label = request.get("class_label") if isinstance(request, dict) else None
        return label if type(label) is int else None


def append(run: Path, evaluation: RecordedEvaluation) -> None:
    """Append an evaluation to a run's record.

    Raises:
        OSError: if the run folder can't be written to.
    """
    path = make_user_files_folder(run) / FILE_NAME
    line = json.dumps(asdict(evaluation), separators=(",", ":"))
    # Appended to a line that a power cut left incomplete, this one would be unreadable too.
    begin = "" if _ends_with_newline(path) else "\n"
    atomic.append(path, f"{begin}{line}\n".encode())


def read(run: Path) -> list[RecordedEvaluation]:
    """Return the evaluations of a run, oldest first; invalid lines are skipped."""
    # Those bundled with a ready model come first, then the user's own.
    folders = dict.fromkeys((run, user_files_folder(run)))
    return [evaluation for folder in folders for evaluation in _read(folder / FILE_NAME)]


def _ends_with_newline(path: Path) -> bool:
    """Whether a file is empty, missing, or ends with a newline."""
    try:
        with path.open("rb") as file:
            size = file.seek(0, 2)
            file.seek(max(0, size - 1))
            return file.read(1) in (b"", b"\n")
    except OSError:
        return True


def _read(path: Path) -> list[RecordedEvaluation]:
    found: list[RecordedEvaluation] = []
    bytes_left = _MAX_BYTES
    try:
        with path.open("rb") as file:
            while bytes_left > 0 and (line := file.readline(_MAX_LINE_BYTES)):
                bytes_left -= len(line)
                if (evaluation := _parse(line)) is not None:
                    found.append(evaluation)
    except OSError:
        return found
    return found


def _parse(line: bytes) -> RecordedEvaluation | None:
    try:
        value = parse_object(line, _MAX_LINE_BYTES)
        counts = {key: _count(value[key]) for key in ("step", "samples", "reference", "floor")}
        figures, floors = _figures(value["figures"]), _figures(value["floors"])
        texts = {key: str(value[key])[:1000] for key in ("created", "features")}
        told = value["told"] if isinstance(value["told"], dict) else {}
    except (ValueError, KeyError, TypeError):
        return None
    return RecordedEvaluation(**counts, **texts, told=told, figures=figures, floors=floors)  # type: ignore[arg-type]


def _count(value: object) -> int:
    if type(value) is not int or not 0 <= value < 2**53:
        raise ValueError("no count")
    return value


def _figures(value: object) -> dict[str, float]:
    if not isinstance(value, dict):
        raise TypeError("no figures")
    return {
        str(name): float(number)
        for name, number in value.items()
        if isinstance(number, int | float) and math.isfinite(number)
    }
