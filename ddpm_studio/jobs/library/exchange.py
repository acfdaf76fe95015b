"""Import and export of models in other programs' layouts."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from dataclasses import dataclass
from pathlib import Path

from ddpm_studio.catalogue.origins import origins, require
from ddpm_studio.errors import StudioError
from ddpm_studio.interop import RecognisedModel, UnknownModelError, open_recognised, save_diffusers
from ddpm_studio.jobs.drawing.students import refuse_student
from ddpm_studio.jobs.events import Event, Notice, Progress
from ddpm_studio.jobs.library.model_card import UNKNOWN_LICENSE, check_license, model_card
from ddpm_studio.jobs.request_building import OptionNamer
from ddpm_studio.requests import ImportRequest, Weights
from ddpm_studio.runs import ProcessInfo, RunFolder, RunInfo
from ddpm_studio.runs.info import NEEDED_TO_DRAW

_FORMAT = "format"


@dataclass(frozen=True)
class ModelDescription:
    """Description of another program's model, without its weights.

    Args:
        title: title of its layout.
        defaults: fields of :class:`ImportRequest` that its files leave open, with their usual
            values; None if there is none.
    """

    title: str
    defaults: Mapping[str, object]


def inspect_model(source: Path) -> ModelDescription | None:
    """Recognise the layout of a model's file or folder, and the settings that it leaves open.

    Returns:
        The description; None if the file is intact, but of an unknown layout.

    Raises:
        StudioError: if it is missing, damaged, or of a layout that is rejected.
    """
    try:
        with open_recognised(source) as found:
            return ModelDescription(found.info.title, dict(found.defaults))
    except UnknownModelError:
        return None


def import_model(
    source: Path, run: Path, request: ImportRequest | None = None, option_name: OptionNamer = str
) -> Generator[Event, None, Path]:
    """Import another program's model into a run folder; its weights count as step 0.

    Settings that neither the files nor the request contain get their usual values, which a Notice
    reports.

    Args:
        source: a file or folder in any layout of the catalogue.
        run: the run folder, new or empty.
        request: settings that the files do not contain.
        option_name: returns an option's name for messages, given its field.

    Returns:
        The run folder.

    Raises:
        StudioError: if it is no such model, needs what no network here supports, leaves open a
            setting without a usual value, or the run folder is not empty.
    """
    yield Progress(0, 2, "Reading the model", "")
    given = (request or ImportRequest()).model_dump(exclude_none=True)
    with open_recognised(source, given.pop(_FORMAT, None)) as found:
        settings = _resolve_settings(source, found, given, option_name)
        model = found.read(settings)
        layout, title = found.info.name, found.info.title
    assumed = [name for name in settings if name not in given]
    if assumed:
        yield Notice(
            f"{source.name} does not say all of itself. Taken as usual: "
            f"{_settings_text({name: settings[name] for name in assumed}, option_name)}. "
            "If its pictures are noise, import it again with others."
        )
    for note in model.notes:
        yield Notice(note)
    process = model.process
    info = RunInfo(
        network=model.config.to_dict(),
        process=ProcessInfo(
            schedule="betas",
            timesteps=process.schedule.T,
            betas=tuple(process.schedule.betas.tolist()),
            parameterization=str(process.parameterization),
            variance=process.variance,
            zero_terminal_snr=process.schedule.zero_terminal_snr,
            clip_x0=process.clip_x0,
        ),
        origin=", ".join(
            filter(None, (f"{title}: {source.resolve().name}", model.training_progress))
        ),
        imported={
            _FORMAT: layout,
            **{
                name: list(value) if isinstance(value, tuple) else value
                for name, value in settings.items()
            },
        },
        null_label=model.null_label,
        plugins=origins(also=[("network", model.config.kind)]),
    )
    yield Progress(1, 2, "Writing the run", "")
    folder = RunFolder.create(run, info)
    folder.save_checkpoint(0, {"model": model.raw or model.weights, "ema": model.weights}, {})
    return folder.path


def export_diffusers(
    run: Path, folder: Path, weights: Weights = "ema", license: str = UNKNOWN_LICENSE
) -> Generator[Event, None, Path]:
    """Export a run's newest model as a folder that ``DDPMPipeline.from_pretrained`` reads.

    A model card, ``README.md``, is written too.

    Args:
        run: the run folder.
        folder: the folder to write, new or empty.
        weights: averaged or raw weights.
        license: licence of the model, by its name on the Hugging Face Hub.

    Raises:
        StudioError: if the run can't be read, needs a plug-in that is missing, diffusers does not
            support it, or the folder contains files already.
    """
    check_license(license)
    yield Progress(0, 1, "Writing the model")
    run_folder = RunFolder.open(run)
    require(f"The run {run_folder.path.name}", run_folder.info.plugins, NEEDED_TO_DRAW)
    refuse_student(run_folder.info, run_folder.path.resolve().name, "A pipeline of diffusers")
    info, newest = run_folder.info, run_folder.newest()
    config = info.network_config()
    stored = newest.load("ema" if weights == "ema" else "model", config)
    # Ready-made models are stored in half precision, which users of diffusers may not expect.
    tensors = {name: tensor.float() for name, tensor in stored.items()}
    card = model_card(run, info, newest.step, weights, folder, license)
    save_diffusers(
        folder,
        config,
        tensors,
        info.process.build(),
        null_label=info.has_learnt_null_label,
        card=card,
    )
    if config.num_classes is not None:
        yield Notice(
            "DDPMPipeline of diffusers passes no classes: README.md says how this model is called."
        )
    return folder


def _resolve_settings(
    source: Path, found: RecognisedModel, given: Mapping[str, object], option_name: OptionNamer
) -> dict[str, object]:
    """Return the value of each setting that a model leaves open.

    Raises:
        StudioError: if a setting is given that is not open, or one is missing without a usual
            value.
    """
    for name in given:
        if name not in found.defaults:
            open_options = ", ".join(option_name(setting) for setting in found.defaults)
            raise StudioError(
                f"{option_name(name)}: {source.name} says this itself, or has no such thing.",
                f"It leaves open {open_options}." if open_options else "It leaves nothing open.",
            )
    settings = {**found.defaults, **given}
    missing = [name for name, value in settings.items() if value is None]
    if missing:
        raise StudioError(
            f"{source.name}, a model of {found.info.title}, does not say its {_titles(missing)}.",
            f"Say it; usual are: {_settings_text(settings, option_name)}.",
        )
    return settings


def _settings_text(settings: Mapping[str, object], option_name: OptionNamer) -> str:
    """Return options with their values as a person would write them."""
    parts = []
    for name, value in settings.items():
        if isinstance(value, bool):
            parts.append(option_name(name) if value else option_name(f"no_{name}"))
        else:
            text = "x".join(map(str, value)) if isinstance(value, tuple) else value
            parts.append(f"{option_name(name)} {'N' if value is None else text}")
    return ", ".join(parts) if option_name is str else " ".join(parts)


def _titles(names: list[str]) -> str:
    return " and ".join(str(ImportRequest.model_fields[name].title).lower() for name in names)
