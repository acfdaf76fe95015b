"""Checks of a new or resumed run before pictures are prepared, so that errors come at once."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from ddpm_studio.engine.tables import OPTIMIZERS
from ddpm_studio.errors import StudioError
from ddpm_studio.jobs.request_building import OptionError, OptionNamer
from ddpm_studio.paths import TEMP_PREFIX
from ddpm_studio.requests import PrepareOptions, TrainRequest

if TYPE_CHECKING:
    from ddpm_studio.runs import RunInfo

#: Fields that give the length of a training in another unit than steps.
LENGTH_FIELDS = ("epochs", "minutes")


def check_one_length(given: Collection[str]) -> None:
    """Reject a length in epochs or minutes in addition to one in steps.

    Args:
        given: names of the options that were given.

    Raises:
        OptionError: for the other length.
    """
    if "steps" in given and (
        other := next((name for name in LENGTH_FIELDS if name in given), None)
    ):
        raise OptionError(other, "the length is in steps already")


def check_new_run(run: Path, option_name: OptionNamer = str) -> None:
    """Check that a new run can be written to a folder.

    Args:
        run: the run folder.
        option_name: returns the name of the options ``run`` and ``resume`` for error messages.

    Raises:
        StudioError: if there is a run or something else already, or the folder can't be made.
    """
    if (run / "run.json").exists():
        raise StudioError(
            f"{run} holds a run already.",
            f"Choose another {option_name('run')} or add {option_name('resume')}.",
        )
    if run.exists() and not run.is_dir():
        raise StudioError(f"{run} is a file.", f"Choose a folder for {option_name('run')}.")
    # The folder itself or its nearest existing ancestor.
    ancestor = next(path for path in (run.absolute(), *run.absolute().parents) if path.exists())
    try:
        # Temporary files left by a crash before a run's first file was written are no run.
        if run.is_dir() and any(not path.name.startswith(TEMP_PREFIX) for path in run.iterdir()):
            raise StudioError(
                f"The folder {run} is not empty.", f"Choose a new one for {option_name('run')}."
            )
        with tempfile.TemporaryDirectory(dir=ancestor, prefix=".ddpm-studio-"):
            pass
    except OSError as error:
        raise StudioError(
            f"The run folder {run} can't be made: {error.strerror or error}.",
            "Choose a folder that you may write to.",
        ) from error


def resume_request(
    run: Path,
    given: Collection[str],
    request: TrainRequest,
    options: PrepareOptions,
    option_name: OptionNamer = str,
) -> TrainRequest:
    """Return the request to resume a run with; without ``steps`` in ``given``, up to its total.

    Args:
        run: the run folder.
        given: names of the options that were given.
        request: the requested settings.
        options: the requested preparation of pictures.
        option_name: returns an option's name for error messages, given its field.

    Raises:
        StudioError: if it is no run, or an option differs from the value it was begun with and
            can't change.
    """
    from ddpm_studio.runs import RunFolder

    info = RunFolder.open(run).info
    if info.request is None or info.data is None:
        return request  # The job raises an error that explains it.
    recorded = {**dict(info.request), **dict(info.data.options)}
    requested = {**dict(request), **dict(options)}
    for name in given:
        if name in TrainRequest.changeable_fields() or _is_automatic(name, requested[name]):
            continue
        if requested[name] != recorded[name]:
            raise unchangeable_option_error(option_name(name), recorded[name], requested[name])
    return request if "steps" in given else request.model_copy(update={"steps": info.request.steps})


def unchangeable_option_error(option: str, recorded: object, requested: object) -> StudioError:
    """Return the error for an option that can't change when a run is resumed."""
    return StudioError(
        f"The run was begun with {option} {recorded}, which can't become {requested}.",
        f"Leave {option} out, or start a new run.",
    )


def recorded_prerequisites(
    run: Path, given: Mapping[str, Any], option_name: OptionNamer = str
) -> dict[str, Any]:
    """Return those settings of a run that decide which other options have an effect.

    Args:
        run: the run folder.
        given: the options that were given, by field.
        option_name: returns an option's name for error messages, given its field.

    Raises:
        StudioError: if it is no run, or its optimiser does not take an option that is given.
    """
    from ddpm_studio.runs import RunFolder

    request = RunFolder.open(run).info.request
    if request is None:
        return {}
    optimizer = request.optimizer
    decay = given.get("weight_decay", request.weight_decay)
    ignores_decay = optimizer in OPTIMIZERS and not OPTIMIZERS[optimizer].accepts("weight_decay")
    # Another optimiser, which takes the option, can't be chosen when a run is resumed.
    if (
        ignores_decay
        and decay != request.weight_decay
        and given.get("optimizer", optimizer) == optimizer
    ):
        raise StudioError(
            f"The run was begun with {option_name('optimizer')} {optimizer}, which does not heed "
            f"{option_name('weight_decay')}.",
            f"Leave {option_name('weight_decay')} out, or start a new run.",
        )
    return _valid_settings(
        {name: getattr(request, name) for name in ("optimizer", "class_conditional")}
    )


def fine_tune_request(
    start_from: Path,
    given: Mapping[str, Any],
    make: Callable[[Mapping[str, Any]], TrainRequest],
    option_name: OptionNamer = str,
) -> TrainRequest:
    """Return the request to fine-tune a run with, completed by its network and process.

    Args:
        start_from: folder of the run to fine-tune.
        given: the options that were given, by field.
        make: makes a request from options.
        option_name: returns an option's name for error messages, given its field.

    Raises:
        StudioError: if it is no run, or an option requests another network or process.
    """
    from ddpm_studio.runs import RunFolder

    info = RunFolder.open(start_from).info
    settings, inherited = _settings_of_network(info), inherited_settings(info)
    requested = make(given)
    for name in (name for name in given if name in settings):
        option, value = option_name(name), getattr(requested, name)
        is_same = value == settings[name] or (name == "preset" and info.is_made_by(value))
        if is_same or _is_automatic(name, value):
            continue
        trained_with = f"{option} {inherited[name]}" if name in inherited else f"its own {option}"
        raise StudioError(
            f"The network of {start_from} was trained with {trained_with}, which can't become "
            f"{value}.",
            f"Leave {option} out, or train a new network.",
        )
    return make({**inherited, **given})


def inherited_settings(info: RunInfo) -> dict[str, Any]:
    """Return the settings that a fine-tuning inherits from a run, as fields of a request.

    Settings that a request has no value for, such as the betas of an imported model, are left out,
    and so are classes, which may differ.
    """
    return _valid_settings(_settings_of_network(info))


def _settings_of_network(info: RunInfo) -> dict[str, Any]:
    """Return the settings that belong to a network, also those that a request has no value for."""
    network, process = info.network_basics(), info.process
    return {
        "preset": info.preset,
        "schedule": process.schedule,
        "timesteps": process.timesteps,
        "zero_terminal_snr": process.zero_terminal_snr,
        "parameterization": process.parameterization,
        "variance": process.variance,
        "dropout": network.dropout,
    }


def _is_automatic(name: str, value: object) -> bool:
    """Whether a field's value leaves the choice to the program; a run records what it chose."""
    fields = TrainRequest.model_fields | PrepareOptions.model_fields
    return value in (None, "auto") and value == fields[name].default


def _valid_settings(settings: dict[str, Any]) -> dict[str, Any]:
    """Return the settings whose values are valid in a request."""

    def is_valid(name: str) -> bool:
        try:
            TrainRequest.model_validate({name: settings[name]})
        except ValidationError:
            return False
        return True

    return {name: value for name, value in settings.items() if is_valid(name)}
