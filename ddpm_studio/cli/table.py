"""Table of all commands with one line of help each, so that ``--help`` need not load them."""

from __future__ import annotations

from typing import NamedTuple


class CommandEntry(NamedTuple):
    """A command: its module in :mod:`ddpm_studio.cli.commands` and its line of help."""

    module: str
    help: str


# The command of `ddpm-studio` with paths alone, or without arguments.
DEFAULT = "open"

COMMANDS = {
    "open": CommandEntry("window", "Open the window on pictures or a run; also without this word."),
    "train": CommandEntry("train", "Train a network on pictures."),
    "distill": CommandEntry("distill", "Distil a model into a few-step student."),
    # Drawing commands have the names of the kinds of drawings in `ddpm_studio.catalogue.tools`.
    "sample": CommandEntry("sample", "Draw pictures from noise."),
    "share": CommandEntry("share", "Draw many pictures from one shared latent."),
    "interpolate": CommandEntry("interpolate", "Interpolate between pictures in latent space."),
    "inpaint": CommandEntry("inpaint", "Fill in the masked part of a picture."),
    "encode": CommandEntry("encode", "Encode a picture as a latent and write it to a file."),
    "bits": CommandEntry("bits", "Measure bits/dim of pictures under a model."),
    "evaluate": CommandEntry(
        "evaluate", "Compare samples with real pictures: Fréchet distance, KID, precision, recall."
    ),
    "neighbours": CommandEntry("neighbours", "Find the training pictures nearest to a picture."),
    "report": CommandEntry(
        "report", "Write a report: the paper's figures and tables of a run, as one HTML file."
    ),
    "data": CommandEntry("data", "Report what a set of pictures contains and what is left out."),
    "metrics": CommandEntry(
        "metrics", "Write a run's figures as a CSV table, or as event files of TensorBoard."
    ),
    "import": CommandEntry("import_", "Import a model of another program as a run."),
    "export": CommandEntry("export_", "Write a run as a diffusers DDPMPipeline folder."),
    "publish": CommandEntry(
        "publish", "Pack a run for sharing, with samples, figures and a model card."
    ),
    "info": CommandEntry(
        "info",
        "Describe a run and its progress; without one, list all choices and plug-ins.",
    ),
}
