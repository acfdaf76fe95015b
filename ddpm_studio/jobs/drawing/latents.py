"""Latents x_t: encoding of pictures, and latent files (safetensors)."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file
from torch import Tensor

from ddpm_studio.engine import PictureNoise, derive_seed, encode
from ddpm_studio.engine.samplers.inversion import ddim_inversion
from ddpm_studio.errors import StudioError
from ddpm_studio.export.atomic_writes import atomic_write, check_destination
from ddpm_studio.jobs.drawing.drawing import check_t, picture_shape, proportional_steps
from ddpm_studio.jobs.drawing.evaluator import Evaluator
from ddpm_studio.jobs.drawing.models import Model, ModelStore
from ddpm_studio.jobs.drawing.pictures import to_latent
from ddpm_studio.jobs.drawing.students import refuse_student
from ddpm_studio.jobs.events import Event, Latent, Pictures, Progress
from ddpm_studio.picture_shape import MAX_BANDS, MAX_SIDE
from ddpm_studio.requests import EncodeRequest
from ddpm_studio.runs.classes import check_class, check_class_or_none
from ddpm_studio.strict_json import require_file

SUFFIX = ".safetensors"

_FORMAT = "ddpm-studio latent 1"
_KEY = "x_t"
# Bytes of the largest pictures that can be prepared, as float32, with room for the header.
_MAX_BYTES = 4 * MAX_SIDE**2 * MAX_BANDS + (1 << 16)
_FORWARD_SEED = 1
_INVERSION_STEPS = 250


def encode_picture(
    request: EncodeRequest, picture: Pictures, models: ModelStore
) -> Generator[Event, None, Latent]:
    """Encode a picture as x_t: a sample of q(x_t|x_0), or by DDIM inversion.

    Args:
        request: t, method, and for DDIM the class; without one, that of the picture is not used
            either.
        picture: uint8 (H, W, C) of the model's size.
        models: store of models.

    Raises:
        StudioError: if the run can't be read, the picture does not fit, a setting is out of
            range, the class is none of the model's or it needs one, or the result is not finite.
    """
    model = models.get(request.run, request.weights, request.device)
    t = model.process.schedule.T if request.t is None else request.t
    check_t(model, t)
    x_0 = to_latent(picture, model)
    if request.method == "q" or t == 0:
        return make_latent(model, add_noise(model, x_0, t, request.seed), t)
    refuse_student(model.info, model.run.name, "A latent by DDIM")
    check_class_or_none(model.info, request.class_label)
    steps = (
        min(_INVERSION_STEPS, model.process.schedule.T) if request.steps is None else request.steps
    )
    if t == model.process.schedule.T and model.process.schedule.zero_terminal_snr:
        raise StudioError(
            "DDIM can't find a latent at T: by this model's schedule nothing is left of a "
            "picture there.",
            "Choose a smaller t.",
        )
    schedule = model.process.schedule.strided(proportional_steps(model, steps, t), t)
    process = replace(model.process, schedule=schedule)
    evaluator = Evaluator(model.network, model.device, request.class_label)
    for frame in ddim_inversion(process, evaluator, x_0, request.iterations):
        yield Progress(frame.index, frame.total, "Encoding")
    found = make_latent(model, frame.x_t, t)
    latent = replace(found, exact=True, class_label=request.class_label)
    _check_finite(latent, "The latent that was found")
    return latent


def add_noise(model: Model, x_0: Tensor, t: int, seed: int) -> Tensor:
    """Sample x_t ~ q(x_t|x_0) with the same noise for every picture, in the shape of x_0."""
    return encode(model.process, x_0, t, forward_noise(model, seed, 1).draw(x_0.shape[1:]))


def forward_noise(model: Model, seed: int, count: int) -> PictureNoise:
    """Return the noise of the forward process, independent of that of the reverse process."""
    return PictureNoise(derive_seed(seed, _FORWARD_SEED), range(count), model.device)


def make_latent(model: Model, x_t: Tensor, t: int) -> Latent:
    """Make a Latent from x_t, shape (1, C, H, W), with the identity of the model."""
    return Latent(
        x_t.float().cpu().contiguous().numpy(),
        t,
        model.process.schedule.T,
        model.fingerprint,
        f"{model.run.name}, step {model.step:,}, {model.weights} weights",
    )


def save_latent(path: Path, latent: Latent) -> None:
    """Write a latent as a safetensors file, atomically.

    Raises:
        StudioError: if the name does not end in .safetensors, or it can't be written.
    """
    check_destination(path, {SUFFIX})
    metadata = {
        "format": _FORMAT,
        "t": str(latent.t),
        "timesteps": str(latent.timesteps),
        "model": latent.model,
        "origin": latent.origin,
        "exact": str(latent.exact),
    }
    if latent.class_label is not None:
        metadata["class"] = str(latent.class_label)
    with atomic_write(path) as temporary:
        save_file({_KEY: latent.x_t}, temporary, metadata)


def load_latent(path: Path) -> Latent:
    """Read a latent file written by :func:`save_latent`.

    Raises:
        StudioError: if it is no such file, damaged, too large, or holds values that are not finite.
    """
    try:
        if require_file(path).st_size > _MAX_BYTES:
            raise StudioError(
                f"{path.name} is no latent: it is larger than any.", "Choose a file saved by Share."
            )
        with safe_open(path, "np", backend="pread") as file:
            metadata = file.metadata() or {}
            if metadata.get("format") != _FORMAT or list(file.keys()) != [_KEY]:
                raise StudioError(
                    f"{path.name} is no latent of this program.", "Choose a file saved by Share."
                )
            latent = Latent(
                np.asarray(file.get_tensor(_KEY)),
                int(metadata["t"]),
                int(metadata["timesteps"]),
                metadata["model"],
                metadata["origin"],
                metadata.get("exact") == str(True),
                _class_of(metadata.get("class")),
            )
    except OSError as error:
        raise StudioError(f"{path} can't be read: {error.strerror}.", "Check the path.") from error
    except (SafetensorError, KeyError, ValueError, TypeError) as error:
        raise StudioError(
            f"{path.name} can't be read as a latent: it is another file, or damaged.",
            "Save it again where it was made.",
            str(error),
        ) from error
    if latent.x_t.dtype != np.float32 or latent.x_t.ndim != 4 or len(latent.x_t) != 1:
        raise StudioError(
            f"{path.name} holds {latent.x_t.dtype} of shape {latent.x_t.shape}, no latent.",
            "A latent is float32 of shape (1, C, H, W).",
        )
    _check_finite(latent, path.name)
    return latent


def latent_to_device(model: Model, latent: Latent, t: int) -> Tensor:
    """Return a latent's x_t on its model's device, shape (1, C, H, W).

    Raises:
        StudioError: if it has another shape or another t, is of no class of the model, or belongs
            to another one.
    """
    if latent.x_t.shape[1:] != picture_shape(model):
        raise StudioError(
            f"The latent has the shape {latent.x_t.shape[1:]}, this model's "
            f"{picture_shape(model)}.",
            f"Open the model it was made with: {latent.origin}.",
        )
    if latent.model != model.fingerprint or latent.timesteps != model.process.schedule.T:
        raise StudioError(
            "The latent belongs to another model, or to other weights of this one.",
            f"Open the model it was made with: {latent.origin}.",
        )
    check_t(model, latent.t)
    if latent.t != t:
        raise StudioError(f"The latent lies at t = {latent.t}, not {t}.", "Ask for its own t.")
    if latent.class_label is not None:
        check_class(model.info, latent.class_label)
    _check_finite(latent, "The latent")
    return torch.from_numpy(latent.x_t.copy()).to(model.device)


def _class_of(text: str | None) -> int | None:
    if text is None:
        return None
    if not (text.isascii() and text.isdigit()):
        raise ValueError(f"{text!r} is not the number of a class")
    return int(text)


def _check_finite(latent: Latent, what: str) -> None:
    if not np.isfinite(latent.x_t).all():
        raise StudioError(
            f"{what} holds values that are no numbers (NaN or infinite).",
            "Make it again with a model that draws well.",
        )
