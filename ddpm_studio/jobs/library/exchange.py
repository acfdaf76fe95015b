"""Models from other programs, and for them."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path

import torch

from ddpm_studio.catalogue.origins import require
from ddpm_studio.errors import StudioError
from ddpm_studio.interop import load_diffusers, save_diffusers
from ddpm_studio.jobs.drawing.students import refuse_student
from ddpm_studio.jobs.events import Event, Progress
from ddpm_studio.requests import Weights
from ddpm_studio.runs import ProcessInfo, RunFolder, RunInfo
from ddpm_studio.runs.info import NEEDED_TO_DRAW


def import_diffusers(source: Path, run: Path) -> Generator[Event, None, Path]:
    """Make a run folder of a ``DDPMPipeline`` folder; its weights count as step 0.

    Raises:
        StudioError: if the folder is no such model, asks for what the network can't express,
            or the run folder is not empty.
    """
    yield Progress(0, 2, "Reading the model", "")
    model = load_diffusers(source)
    process = model.process
    info = RunInfo(
        network=model.config.to_dict(),
        process=ProcessInfo(
            schedule="betas",
            timesteps=process.schedule.T,
            betas=tuple(process.schedule.betas.tolist()),
            parameterization=process.parameterization,
            variance=process.variance,
            zero_terminal_snr=process.schedule.zero_terminal_snr,
        ),
        origin=f"diffusers: {source.resolve().name}",
    )
    yield Progress(1, 2, "Writing the run", "")
    folder = RunFolder.create(run, info)
    folder.save_checkpoint(0, {"model": model.weights, "ema": model.weights}, {})
    return folder.path


def export_diffusers(
    run: Path, folder: Path, weights: Weights = "ema"
) -> Generator[Event, None, Path]:
    """Write a run's newest model as a folder that ``DDPMPipeline.from_pretrained`` reads.

    Raises:
        StudioError: if the run can't be read, needs a plug-in that is missing, diffusers can't
            express it, or the folder holds files already.
    """
    yield Progress(0, 1, "Writing the model")
    opened = RunFolder.open(run)
    require(f"The run {opened.path.name}", opened.info.plugins, NEEDED_TO_DRAW)
    refuse_student(opened.info, opened.path.resolve().name, "A pipeline of diffusers")
    config = opened.info.network_config()
    tensors = opened.newest().load("ema" if weights == "ema" else "model", config)
    save_diffusers(folder, config, tensors, opened.info.process.build())
    return folder


def start_weights(run: Path, network: torch.nn.Module) -> None:
    """Load another run's averaged weights into a network that is to be fine-tuned.

    Raises:
        StudioError: if they do not fit.
    """
    folder = RunFolder.open(run)
    tensors = folder.newest().load("ema", folder.info.network_config())
    try:
        network.load_state_dict(tensors)
    except RuntimeError as error:
        raise StudioError(
            f"The weights of {run} do not fit this network.",
            "Fine-tune with the network, picture size and classes of that run.",
            str(error),
        ) from error
