"""Model card of an exported run: README.md in the Hugging Face Hub's format."""

from __future__ import annotations

import re
from pathlib import Path

from ddpm_studio import __version__
from ddpm_studio.engine.networks.network import NetworkConfig
from ddpm_studio.errors import StudioError, printable
from ddpm_studio.jobs.markdown import markdown_text
from ddpm_studio.picture_shape import MAX_COLOUR_CHANNELS
from ddpm_studio.requests import TrainRequest, Weights
from ddpm_studio.runs import RunInfo
from ddpm_studio.runs.classes import known_classes
from ddpm_studio.runs.weights import parameters

#: The Hub's identifier of an unknown licence.
UNKNOWN_LICENSE = "unknown"

_LICENSE = re.compile(r"[A-Za-z0-9][A-Za-z0-9.+-]{0,59}")
_MAX_CLASSES = 1000
_USE_UNCONDITIONAL = """\
from diffusers import DDPMPipeline

pipeline = DDPMPipeline.from_pretrained("{folder}")
pictures = pipeline(batch_size=4, num_inference_steps={T}{output_type}).images
"""
_USE_CONDITIONAL = """\
import torch
from diffusers import DDPMScheduler, UNet2DModel

unet = UNet2DModel.from_pretrained("{folder}", subfolder="unet")
scheduler = DDPMScheduler.from_pretrained("{folder}", subfolder="scheduler")
scheduler.set_timesteps({T})
labels = torch.full((4,), 0)  # the number of a class
x = torch.randn(4, {channels}, {height}, {width})
for t in scheduler.timesteps:
    with torch.no_grad():
        output = unet(x, t, class_labels=labels).sample
    x = scheduler.step(output, t, x).prev_sample
pictures = (x / 2 + 0.5).clamp(0, 1)
"""


def check_license(license: str) -> None:
    """Check that a text is an identifier of a licence, such as "apache-2.0".

    Raises:
        StudioError: if it is not.
    """
    if not _LICENSE.fullmatch(license):
        raise StudioError(
            f"{printable(license, 40)!r} is no name of a licence.",
            "Give the Hub's name for it, such as mit, apache-2.0, cc-by-4.0 or unknown.",
        )


def model_card(
    run: Path, info: RunInfo, step: int, weights: Weights, folder: Path, license: str
) -> str:
    """Return the model card in Markdown.

    Args:
        run: the run folder; of its data only names are included, no paths on this machine.
        info: contents of ``run.json``.
        step: step of the checkpoint.
        weights: which of its weights were exported.
        folder: the exported folder, whose name the example uses.
        license: the licence's identifier on the Hub.
    """
    config = info.network_config()
    kind = "class-conditional" if config.num_classes else "unconditional"
    name = printable(run.resolve().name, 80)
    parts = [
        _front(license, kind),
        f"# {markdown_text(name)}",
        _about(info, kind),
        _use(info, config, folder),
        _table("Training", _training(info, step, weights)),
        _table("Recipe", _recipe(info)),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _front(license: str, kind: str) -> str:
    return "\n".join(
        [
            "---",
            f"license: {license}",
            "library_name: diffusers",
            "pipeline_tag: unconditional-image-generation",
            "tags:",
            "- ddpm",
            "- diffusion",
            f"- {kind}",
            "---",
        ]
    )


def _about(info: RunInfo, kind: str) -> str:
    return (
        f"A {kind} denoising diffusion model of pictures ({info.picture_shape}) with "
        f"{parameters(info.network_config()):,} parameters, exported by DDPM Studio {__version__}."
    )


def _use(info: RunInfo, config: NetworkConfig, folder: Path) -> str:
    fields = {
        "folder": folder.name,
        "T": info.process.timesteps,
        "channels": config.channels,
        "height": config.height,
        "width": config.width,
    }
    if config.num_classes is None:
        shape = info.picture_shape
        # Bands are no picture of PIL's: an array, of values from 0 to 1.
        are_bands = shape.are_bands or shape.channels > MAX_COLOUR_CHANNELS
        fields["output_type"] = ', output_type="np"' if are_bands else ""
        return f"## Use\n\n```python\n{_USE_UNCONDITIONAL.format(**fields)}```"
    names = known_classes(info)[:_MAX_CLASSES]
    classes = "\n".join(f"{number}. {markdown_text(name)}" for number, name in enumerate(names))
    guidance_text = (
        f"The number {config.num_classes} stands for no class. Guidance of strength s takes "
        "`without + s * (with_class - without)` of the outputs for both."
        if info.has_learnt_null_label
        else "There is no number for no class, so classifier-free guidance is not possible."
    )
    return (
        "## Use\n\n`DDPMPipeline` passes no classes: the network is called with them, as "
        f"here.\n\n```python\n{_USE_CONDITIONAL.format(**fields)}```\n\n{guidance_text}\n\n"
        f"### Classes, from 0\n\n{classes}"
    )


def _training(info: RunInfo, step: int, weights: Weights) -> dict[str, object]:
    rows: dict[str, object] = {"Steps": f"{step:,}", "Weights": _WEIGHTS[weights]}
    if info.origin:
        rows["Comes from"] = info.origin
    if info.start_from:
        rows["Fine-tuned from"] = Path(info.start_from).name
    if (data := info.newest_data) is not None:
        rows["Data"] = ", ".join(Path(source).name for source in data.sources)
        rows["Pictures"] = f"{data.count:,}"
        rows |= {f"Prepared: {key}": value for key, value in data.options if value is not None}
    process = info.process
    rows["Forward process"] = f"{process.schedule}, T = {process.timesteps:,}"
    rows["Predicts"] = process.parameterization
    return rows


_WEIGHTS: dict[Weights, str] = {"ema": "averaged over the training", "raw": "the latest"}


def _recipe(info: RunInfo) -> dict[str, object]:
    return {
        str(TrainRequest.model_fields[key].title): value
        for key, value in info.training_settings().items()
        if value is not None and value != {}
    }


def _table(title: str, rows: dict[str, object]) -> str:
    if not rows:
        return ""
    lines = [
        f"| {markdown_text(key)} | {markdown_text(str(value))} |" for key, value in rows.items()
    ]
    return "\n".join([f"## {title}", "", "| what | value |", "|---|---|", *lines])
