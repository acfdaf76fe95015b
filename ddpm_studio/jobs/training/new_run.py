"""Checks of a new run: refuse at once what would fail after minutes of preparing pictures."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from ddpm_studio.engine.tables import OPTIMIZERS
from ddpm_studio.errors import StudioError
from ddpm_studio.jobs.asking import Named, OptionError
from ddpm_studio.paths import WRITING
from ddpm_studio.requests import PrepareOptions, TrainRequest

if TYPE_CHECKING:
    from ddpm_studio.runs import RunInfo

#: Fields that tell the length of a training otherwise than in steps.
LENGTHS = ("epochs", "minutes")


def check_one_length(given: Collection[str]) -> None:
    """Refuse a length in epochs or minutes beside one in steps.

    Args:
        given: which options were named.

    Raises:
        OptionError: naming the other one.
    """
    if "steps" in given and (other := next((name for name in LENGTHS if name in given), None)):
        raise OptionError(other, "the length is in steps already")


def check_new_run(run: Path, named: Named = str) -> None:
    """Refuse a place where no new run can be written.

    Args:
        run: the folder.
        named: how the options ``run`` and ``resume`` are called.

    Raises:
        StudioError: if there is a run, or something else, or it can't be written to.
    """
    if (run / "run.json").exists():
        raise StudioError(
            f"{run} holds a run already.",
            f"Choose another {named('run')} or add {named('resume')}.",
        )
    if run.exists() and not run.is_dir():
        raise StudioError(f"{run} is a file.", f"Choose a folder for {named('run')}.")
    # The folder itself or the nearest one above that is there.
    there = next(path for path in (run.absolute(), *run.absolute().parents) if path.exists())
    try:
        # What a crash has left of a run before its first file is no run.
        if run.is_dir() and any(not path.name.startswith(WRITING) for path in run.iterdir()):
            raise StudioError(
                f"The folder {run} is not empty.", f"Choose a new one for {named('run')}."
            )
        with tempfile.TemporaryDirectory(dir=there, prefix=".ddpm-studio-"):
            pass
    except OSError as error:
        raise StudioError(
            f"The run folder {run} can't be made: {error.strerror or error}.",
            "Choose a folder that you may write to.",
        ) from error


def resumed(
    run: Path,
    given: Collection[str],
    request: TrainRequest,
    options: PrepareOptions,
    named: Named = str,
) -> TrainRequest:
    """Return the request to go on with a run: without ``steps`` among those given, to its total.

    Args:
        run: the folder.
        given: which options were named.
        request: the settings that were asked for.
        options: how to prepare pictures, as it was asked for.
        named: how options are called in what is said of them.

    Raises:
        StudioError: if it is no run, or an option names another value than it was begun with.
    """
    from ddpm_studio.runs import RunFolder

    info = RunFolder.open(run).info
    if info.request is None or info.data is None:
        return request  # the job refuses it and says why
    recorded = {**dict(info.request), **dict(info.data.options)}
    asked = {**dict(request), **dict(options)}
    for name in given:
        # None asks for what suits, which is recorded as a number.
        if name not in TrainRequest.may_change() and asked[name] not in (None, recorded[name]):
            raise begun_otherwise(named(name), recorded[name], asked[name])
    return request if "steps" in given else request.model_copy(update={"steps": info.request.steps})


def begun_otherwise(option: str, recorded: object, asked: object) -> StudioError:
    """Return what to say of an option whose value a run can't go on with."""
    return StudioError(
        f"The run was begun with {option} {recorded}, which can't become {asked}.",
        f"Leave {option} out, or start a new run.",
    )


def begun_with(run: Path, given: Mapping[str, Any], named: Named = str) -> dict[str, Any]:
    """Return of a run's settings those that say which others are of any effect.

    Args:
        run: the folder.
        given: the options that were named.
        named: how options are called in what is said of them.

    Raises:
        StudioError: if it is no run, or its optimiser does not take an option that is given.
    """
    from ddpm_studio.runs import RunFolder

    request = RunFolder.open(run).info.request
    if request is None:
        return {}
    optimizer = request.optimizer
    decay = given.get("weight_decay", request.weight_decay)
    known = optimizer in OPTIMIZERS and not OPTIMIZERS[optimizer].takes("weight_decay")
    # The optimiser is the run's: another one, which would take it, can't be chosen any more.
    if known and decay != request.weight_decay and given.get("optimizer", optimizer) == optimizer:
        raise StudioError(
            f"The run was begun with {named('optimizer')} {optimizer}, which does not heed "
            f"{named('weight_decay')}.",
            f"Leave {named('weight_decay')} out, or start a new run.",
        )
    return _known({name: getattr(request, name) for name in ("optimizer", "class_conditional")})


def fine_tuned(
    start_from: Path,
    given: Mapping[str, Any],
    make: Callable[[Mapping[str, Any]], TrainRequest],
    named: Named = str,
) -> TrainRequest:
    """Return the request to fine-tune a run: with the network and the process that it has.

    Args:
        start_from: the folder of that run.
        given: the options that were named.
        make: makes a request of options.
        named: how options are called in what is said of them.

    Raises:
        StudioError: if it is no run, or an option asks for another network or process.
    """
    from ddpm_studio.runs import RunFolder

    theirs = taken_over(RunFolder.open(start_from).info)
    asked = make(given)
    for name in given:
        # None asks for what suits.
        if name in theirs and getattr(asked, name) not in (None, theirs[name]):
            raise StudioError(
                f"The network of {start_from} was trained with {named(name)} {theirs[name]}, "
                f"which can't become {getattr(asked, name)}.",
                f"Leave {named(name)} out, or train a new network.",
            )
    return make({**theirs, **given})


def taken_over(info: RunInfo) -> dict[str, Any]:
    """Return what a run's fine-tuning has of it, as fields of a request; classes may be others.

    What a request has no word for, such as the betas of an imported model, is left out.
    """
    network, process = info.network_basics(), info.process
    theirs = {
        "schedule": process.schedule,
        "timesteps": process.timesteps,
        "zero_terminal_snr": process.zero_terminal_snr,
        "parameterization": process.parameterization,
        "variance": process.variance,
        "dropout": network.dropout,
    }
    if info.request is not None:
        theirs["preset"] = info.request.preset
    return _known(theirs)


def _known(settings: dict[str, Any]) -> dict[str, Any]:
    """Return those that a request can have here."""

    def holds(name: str) -> bool:
        try:
            TrainRequest.model_validate({name: settings[name]})
        except ValidationError:
            return False
        return True

    return {name: value for name, value in settings.items() if holds(name)}
