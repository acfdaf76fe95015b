"""Time budget of a training: the network, batch size and picture size that suit it.

This module does not import torch: the window, the terminal and Python choose by the same rules,
from step times measured on this machine and from what each preset needs
(:class:`ddpm_studio.engine.tables.networks.TrainingNeeds`).
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ddpm_studio.durations import format_duration
from ddpm_studio.engine.sizes import side_text
from ddpm_studio.engine.tables import PRESETS
from ddpm_studio.engine.tables.networks import pictures_until_recognisable
from ddpm_studio.jobs.machine.machine_speed import MachineSpeed, PresetSpeed
from ddpm_studio.jobs.request_building import OptionError
from ddpm_studio.jobs.training.new_run import LENGTH_FIELDS
from ddpm_studio.jobs.training.preview_times import SHARE_OF_TIME
from ddpm_studio.picture_shape import ImageSize, image_size, sides
from ddpm_studio.requests import TrainRequest

#: Budgets offered to choose from; any number of minutes or hours can be requested.
OFFERED_BUDGETS = ("2m", "10m", "1h", "night", "paper")
#: The budget if none was chosen.
DEFAULT = "10m"

_NIGHT_HOURS = 8
_UNITS = {"m": 60.0, "h": 3600.0}
_MAX_SECONDS = 1e6 * 60
_BUDGET_PATTERN = re.compile(r"(\d+(?:\.\d+)?)\s*([mh])")
# The batch size is doubled while throughput rises by this factor and this many steps are left,
# up to this size.
_MIN_DOUBLING_GAIN, _MIN_STEPS, _LARGEST_BATCH = 1.5, 2_000, 128
# Shorter sides that are suggested for pictures that are too large, and the multiple of both sides.
_SMALLER_SIDES = (128, 96, 64, 48, 32, 24, 16)
_MULTIPLE = 8


@dataclass(frozen=True)
class Budget:
    """A time budget; ``seconds`` is None for as many steps as in the paper."""

    name: str
    seconds: float | None

    def __str__(self) -> str:
        if self.seconds is None:
            return "as in the paper"
        return "a night" if self.name == "night" else format_duration(self.seconds)


@dataclass(frozen=True)
class BudgetPlan:
    """Settings that suit a time budget.

    Args:
        settings: fields of :class:`ddpm_studio.requests.TrainRequest` in addition to the preset's
            recipe. With ``minutes``, ``steps`` is the expected number.
        image_size: size of the pictures that they were chosen for; None if unknown.
        shapes: seconds until some samples are recognisable; None if unknown.
        whole: seconds of the whole training; None if unknown.
        smaller: a size at which samples are recognisable within the budget, where at this one they
            are not; None if they are, at no size, or unknown.
    """

    settings: dict[str, object]
    image_size: ImageSize | None
    shapes: float | None
    whole: float | None
    smaller: ImageSize | None = None

    @property
    def preset(self) -> str:
        """Preset of the network."""
        return str(self.settings["preset"])

    def __str__(self) -> str:
        batch = TrainRequest.model_validate(self.settings).batch_size
        size = "" if self.image_size is None else f" at {side_text(*sides(self.image_size))} px"
        text = f"{self.preset}{size}, batches of {batch}"
        if self.shapes is not None:
            text += f", shapes in about {format_duration(self.shapes)}"
        if self.whole is not None:
            text += f", {format_duration(self.whole)} in all"
        return text


def parse_budget(text: str) -> Budget:
    """Parse a budget: "10m", "1.5h", "night" or "paper".

    Raises:
        ValueError: if it is no budget; the message lists the possible ones.
    """
    name = text.strip().lower()
    if name == "paper":
        return Budget(name, None)
    if name == "night":
        return Budget(name, _NIGHT_HOURS * _UNITS["h"])
    match = _BUDGET_PATTERN.fullmatch(name)
    seconds = float(match[1]) * _UNITS[match[2]] if match else 0.0
    if not 0 < seconds <= _MAX_SECONDS:
        raise ValueError(
            f"{text!r} is no budget: name minutes or hours, such as 10m or 1.5h, night or paper"
        )
    return Budget(name, seconds)


def resolve_budget(
    text: str, given: Mapping[str, Any], *, begun: bool
) -> tuple[Budget, dict[str, Any]]:
    """Parse a budget, and return it with the options, completed by ``minutes`` if ``begun``.

    Args:
        text: a budget, see :func:`parse_budget`.
        given: the options that were given, by field.
        begun: whether the training starts from an existing network, its own or another run's.

    Raises:
        OptionError: if it is no budget, a length is given too, or "paper" is requested for an
            existing network.
    """
    try:
        budget = parse_budget(text)
    except ValueError as error:
        raise OptionError("budget", str(error)) from error
    if (
        other := next((name for name in ("steps", *LENGTH_FIELDS) if name in given), None)
    ) is not None:
        raise OptionError("budget", f"the length is in {other} already")
    if not begun:
        return budget, dict(given)
    if budget.seconds is None:
        raise OptionError("budget", "as in the paper is for a run that begins from nothing")
    return budget, {**given, "minutes": budget.seconds / 60}


def choose(
    budget: Budget,
    speed: MachineSpeed | None,
    *,
    preset: str | None = None,
    batch_size: int | None = None,
    pictures: int | None = None,
) -> BudgetPlan:
    """Choose the settings that suit a time budget on this machine.

    Of the presets that see enough pictures within it to be good, the one that needs most is chosen;
    else, of those whose samples become recognisable in time, the one that gets nearest to its own
    need; else the one whose samples become recognisable first.

    Args:
        budget: the time budget.
        speed: measured for pictures of the training's shape; None if nothing was measured, which
            gives the default preset.
        preset: the preset, if it is given.
        batch_size: the batch size, if it is given.
        pictures: number of pictures in the data set; None if unknown.

    Raises:
        ValueError: if "paper" is requested of a preset that repeats no training of a paper.
    """
    if budget.seconds is None:
        return _published_plan(speed, preset)
    constraints = _Constraints(budget.seconds * (1 - SHARE_OF_TIME), preset, batch_size, pictures)
    best = max(constraints.trials(speed), key=_Candidate.score, default=None)
    settings: dict[str, object] = {"minutes": budget.seconds / 60}
    if best is None or speed is None:
        size = speed.image_size if speed else None
        settings = {"preset": preset or TrainRequest().preset, **settings}
        return BudgetPlan(settings, size, None, budget.seconds)
    settings = {
        "preset": best.preset,
        "batch_size": best.batch,
        "steps": max(1, round(best.pictures / best.batch)),
        **settings,
    }
    smaller = None if best.in_time else _smaller_size(constraints, speed)
    return BudgetPlan(settings, speed.image_size, best.shapes, budget.seconds, smaller)


@dataclass(frozen=True)
class _Candidate:
    """Expected outcome of one preset: ``pictures`` is the number seen within the time.

    ``fits`` tells whether it takes pictures of the size; else they would be made smaller.
    """

    preset: str
    batch: int
    pictures: float
    shapes: float
    in_time: bool
    fits: bool
    good: int | None

    def score(self) -> tuple[int, float, float]:
        if self.good is not None and self.pictures >= self.good:
            return 2, self.good, -self.shapes
        if self.in_time:
            return 1, self.pictures / (self.good or math.inf), -self.shapes
        return 0, -self.shapes, 0.0


@dataclass(frozen=True)
class _Constraints:
    """Seconds available for steps, and the settings that are given."""

    seconds: float
    preset: str | None
    batch_size: int | None
    pictures: int | None

    def trials(self, speed: MachineSpeed | None) -> Iterator[_Candidate]:
        if speed is None:
            return
        for name, measured in speed.presets.items():
            needs = PRESETS[name].needs if name in PRESETS else None
            good = needs.good if needs else None
            fits = measured.takes(speed.image_size)
            if name != self.preset if self.preset is not None else good is None or not fits:
                continue
            batch = self.batch_size or self._batch(name, measured)
            seen = self.seconds / measured.seconds(1, batch)
            shapes = measured.seconds(pictures_until_recognisable(name), batch)
            yield _Candidate(name, batch, seen, shapes, shapes <= self.seconds, fits, good)

    def _batch(self, preset: str, speed: PresetSpeed) -> int:
        """Return the recipe's batch size, doubled while throughput rises enough.

        It is at most the size of the data set.
        """
        recipe_batch = TrainRequest(preset=preset).batch_size
        max_batch = min(_LARGEST_BATCH, self.pictures or _LARGEST_BATCH)
        batch = min(recipe_batch, self.pictures or recipe_batch)
        while 2 * batch <= max_batch:
            gain = speed.seconds(1, batch) / speed.seconds(1, 2 * batch)
            steps = self.seconds / speed.seconds(2 * batch, 2 * batch)
            if gain < _MIN_DOUBLING_GAIN or steps < _MIN_STEPS:
                break
            batch *= 2
        return batch


def _smaller_size(constraints: _Constraints, speed: MachineSpeed) -> ImageSize | None:
    """Return the largest smaller size at which samples become recognisable in time.

    It is one that the network takes, as it will be the size that is asked for.
    """
    width, height = sides(speed.image_size)
    for side in _SMALLER_SIDES:
        if side >= min(width, height):
            continue
        factor = side / min(width, height)
        size = image_size(*(_round_side(factor * length) for length in (width, height)))
        trials = constraints.trials(speed.scaled_to(size))
        if any(candidate.in_time and candidate.fits for candidate in trials):
            return size
    return None


def _round_side(side: float) -> int:
    return max(_MULTIPLE, round(side / _MULTIPLE) * _MULTIPLE)


def _published_plan(speed: MachineSpeed | None, preset: str | None) -> BudgetPlan:
    """Choose the paper's network whose picture size is nearest, and the paper's steps."""
    published_presets = {
        name: entry.published for name, entry in PRESETS.items() if entry.published
    }
    if preset is not None and preset not in published_presets:
        raise ValueError(
            f"{preset} repeats no training of a paper; {', '.join(published_presets)} do"
        )
    side = min(sides(speed.image_size)) if speed else 1
    nearest = min(
        published_presets, key=lambda name: abs(math.log(published_presets[name].side / side))
    )
    name = preset or nearest
    settings: dict[str, object] = {"preset": name, "steps": published_presets[name].steps}
    measured = speed.presets.get(name) if speed else None
    if speed is None or measured is None:
        return BudgetPlan(settings, speed.image_size if speed else None, None, None)
    batch = TrainRequest(preset=name).batch_size
    total_seconds = measured.seconds(published_presets[name].steps * batch, batch)
    shapes = measured.seconds(pictures_until_recognisable(name), batch)
    return BudgetPlan(settings, speed.image_size, shapes, total_seconds)
