"""All commands in one line each, so that ``--help`` need not load them."""

from __future__ import annotations

from typing import NamedTuple


class Entry(NamedTuple):
    """A command: its module in :mod:`ddpm_studio.cli.commands` and what it does."""

    module: str
    help: str


# What `ddpm-studio` does with paths alone.
DEFAULT = "open"

COMMANDS = {
    "open": Entry("window", "Open the window on pictures or a run; also without this word."),
    "train": Entry("train", "Train a network on pictures."),
    "distill": Entry("distill", "Make a few-step student of a model."),
    # Those that draw bear the names of the kinds of drawings in `ddpm_studio.catalogue.tools`.
    "sample": Entry("sample", "Draw pictures from noise."),
    "share": Entry("share", "Draw many pictures from one shared latent."),
    "interpolate": Entry("interpolate", "Go from picture to picture through latent space."),
    "inpaint": Entry("inpaint", "Fill in the masked part of a picture."),
    "encode": Entry("encode", "Find a picture's latent and write it into a file."),
    "bits": Entry("bits", "Measure bits/dim of pictures under a model."),
    "evaluate": Entry("evaluate", "Tell what samples are like, compared with real pictures."),
    "neighbours": Entry("neighbours", "Find the training pictures nearest to a picture."),
    "report": Entry(
        "report", "Write a report: the paper's figures and tables of a run, as one HTML file."
    ),
    "data": Entry("data", "Tell what a set of pictures holds and what is left out."),
    "metrics": Entry(
        "metrics", "Write a run's figures as a CSV table, or as event files of TensorBoard."
    ),
    "import": Entry("import_", "Make a run of another program's model."),
    "export": Entry("export_", "Write a run as a diffusers DDPMPipeline folder."),
    "publish": Entry("publish", "Pack a run to be shared, with samples, figures and a model card."),
    "info": Entry(
        "info",
        "Tell what a run is and how far it is; without one, what there is to choose and plug-ins.",
    ),
}
