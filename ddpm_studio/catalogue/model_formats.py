"""Catalogue of other programs' model formats, including recognised but unsupported ones."""

from __future__ import annotations

import os
from contextlib import suppress
from itertools import islice
from pathlib import Path

from ddpm_studio.engine.tables.entry import Entry, Table

_FORMATS = "ddpm_studio.interop.formats"


class ModelFormatInfo(Entry):
    """Description of another program's model format.

    Its code is a class without constructor arguments, derived from
    :class:`ddpm_studio.interop.formats.format.ModelFormat`.
    """


#: In order of precedence: the first format that recognises a model reads it.
MODEL_FORMATS = Table(
    "model format",
    ModelFormatInfo,
    (
        ModelFormatInfo(
            "diffusers",
            "diffusers",
            "a folder of the library, of its trainer or of a pipeline",
            f"{_FORMATS}.diffusers:Diffusers",
        ),
        ModelFormatInfo(
            "openai",
            "OpenAI",
            "improved- and guided-diffusion",
            f"{_FORMATS}.openai:OpenAI",
        ),
        ModelFormatInfo(
            "ho",
            "Ho et al., converted",
            "pesser/pytorch_diffusion",
            f"{_FORMATS}.ho:Ho",
        ),
        ModelFormatInfo("ermon", "DDIM", "ermongroup/ddim", f"{_FORMATS}.ermon:Ermon"),
        ModelFormatInfo(
            "pytorch-ddpm",
            "pytorch-ddpm",
            "w86763777/pytorch-ddpm",
            f"{_FORMATS}.pytorch_ddpm:PytorchDDPM",
        ),
        ModelFormatInfo(
            "lucidrains",
            "denoising-diffusion-pytorch",
            "lucidrains'; named and refused",
            f"{_FORMATS}.lucidrains:Lucidrains",
        ),
        ModelFormatInfo(
            "k-diffusion",
            "k-diffusion",
            "crowsonkb's; named and refused",
            f"{_FORMATS}.k_diffusion:KDiffusion",
        ),
        ModelFormatInfo(
            "nvlabs",
            "EDM and StyleGAN",
            "NVlabs' .pkl; named and refused",
            f"{_FORMATS}.nvlabs:NVlabs",
        ),
        ModelFormatInfo(
            "score-sde",
            "score_sde",
            "yang-song's; named and refused",
            f"{_FORMATS}.score_sde:ScoreSDE",
        ),
        ModelFormatInfo(
            "latent-diffusion",
            "latent diffusion",
            "CompVis' and Stable Diffusion; named and refused",
            f"{_FORMATS}.latent_diffusion:LatentDiffusion",
        ),
    ),
)

# Files that distinguish a folder of a model from one of pictures.
_MARKER_FILES = (
    "model_index.json",
    "unet/config.json",
    "unet_ema/config.json",
    "scheduler_config.json",
)
_CHECKPOINT, _NETWORKS = "checkpoint-", ("unet/config.json", "unet_ema/config.json")
# Most entries of a folder to examine: a folder of pictures may hold millions.
_MAX_ENTRIES = 1000
_SUFFIXES = {".pt", ".pth", ".ckpt", ".pkl", ".safetensors"}


def may_be_model(path: Path) -> bool:
    """Whether a file or folder looks like a model of another program, by names alone."""
    with suppress(OSError):
        if path.is_dir():
            return any((path / marker).is_file() for marker in _MARKER_FILES) or _has_checkpoint(
                path
            )
        return path.suffix.lower() in _SUFFIXES and path.is_file()
    return False


def _has_checkpoint(folder: Path) -> bool:
    """Whether a folder holds a checkpoint of the trainer of diffusers."""
    with os.scandir(folder) as entries:
        names = [entry.name for entry in islice(entries, _MAX_ENTRIES)]
    checkpoints = [folder / name for name in names if name.startswith(_CHECKPOINT)]
    return any((path / network).is_file() for path in checkpoints for network in _NETWORKS)
