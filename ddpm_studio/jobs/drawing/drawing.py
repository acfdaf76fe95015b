"""Reverse process from x_t at any t, shared by sampling, sharing and interpolation."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from ddpm_studio.catalogue.origins import origins
from ddpm_studio.catalogue.tools import drawing_of, tool_of
from ddpm_studio.engine import DiffusionProcess, Frame, PictureNoise, Precision
from ddpm_studio.engine.pixels import to_float16, to_uint8
from ddpm_studio.engine.samplers import SAMPLERS, Frames
from ddpm_studio.engine.samplers.grid import space_timesteps
from ddpm_studio.engine.samplers.run_sampler import run_sampler
from ddpm_studio.errors import StudioError
from ddpm_studio.export.array_text import Array, pack
from ddpm_studio.jobs.drawing.evaluator import Classes, Evaluator
from ddpm_studio.jobs.drawing.models import Model
from ddpm_studio.jobs.drawing.recipes import run_id
from ddpm_studio.jobs.events import Event, FrameImages, Pictures, Progress
from ddpm_studio.jobs.frames import SCALES, STORED_VIEWS
from ddpm_studio.jobs.machine.device import choose_precision
from ddpm_studio.requests import DrawRequest, SampleRequest, SamplerRequest
from ddpm_studio.runs.classes import check_class, check_guidance, check_null_label


def evaluator_for(
    model: Model,
    request: DrawRequest,
    evaluations: int = 0,
    classes: Classes | None = None,
) -> Evaluator:
    """Return the model as a denoiser with the class and guidance of a request.

    Args:
        model: the model to draw with.
        request: the settings.
        evaluations: expected number of evaluations, as far as is known.
        classes: one for each picture of a batch, replacing the request's; or shares of the
            network's classes.

    Raises:
        StudioError: if a class or guidance is requested of a model that does not support it, or
            guidance is to be rescaled where there is none.
    """
    labels = request.class_label if classes is None else classes
    if labels is not None:
        if not isinstance(labels, Tensor):
            check_class(model.info, labels if isinstance(labels, int) else max(labels))
        check_guidance(model.info, request.guidance)
    elif request.guidance != 1:
        check_class(model.info, 0)  # Without classes, that is the error to report.
        raise StudioError("Guidance needs a class to lead to.", "Choose a class.")
    else:
        check_null_label(model.info)
    if request.guidance_rescale and request.guidance in (0, 1):
        # Checked here, not by the request: a run may have a guidance of its own.
        raise StudioError(
            "Guidance rescale goes with a guidance other than 0 and 1; here it is "
            f"{request.guidance:g}.",
            "Choose a class and another guidance, or leave the rescaling out.",
        )
    network = model.network_in(resolve_precision(model, request))
    return Evaluator(
        network,
        model.device,
        labels,
        request.guidance,
        request.guidance_rescale,
        evaluations,
    )


def resolve_precision(model: Model, request: DrawRequest) -> Precision:
    """Return the precision to draw in; ``auto`` is float32 if a given picture should come back."""
    if request.precision == "auto" and not isinstance(request, SampleRequest):
        return "float32"
    return choose_precision(request.precision, model.device)


def requested_process(model: Model, request: DrawRequest) -> DiffusionProcess:
    """Return p_θ with the requested clipping and, unless the model learned its own, variance."""
    variance = model.process.variance if model.process.learned else request.variance
    return replace(model.process, clip_x0=request.clip_x0, variance=variance)


def check_steps(model: Model, steps: int) -> None:
    """Check that there are no more steps than timesteps.

    Raises:
        StudioError: if there are more; it names the valid range.
    """
    T = model.process.schedule.T
    if steps > T:
        raise StudioError(
            f"{steps} steps are more than the {T} timesteps of this model.",
            f"Choose 1 to {T} steps.",
        )


def proportional_steps(model: Model, steps: int, t: int) -> int:
    """Return the share of ``steps``, given for the whole reverse process, for one that starts at t.

    Raises:
        StudioError: if there are more steps than timesteps.
    """
    check_steps(model, steps)
    return min(t, max(1, round(steps * t / model.process.schedule.T)))


def respaced_timesteps(respacing: str, T: int, t: int, through: int = 0) -> Tensor:
    """Return the timesteps that a respacing keeps in a reverse process that starts at t.

    From T these are OpenAI's own set, which may begin below T; from a smaller t, t itself is added
    to those below it.

    Args:
        respacing: the respacing, such as "ddim50".
        T: number of timesteps of the whole schedule.
        t: the t to start from, 1..T.
        through: a t that must be among them; 0 for none.

    Returns:
        Indices t − 1, ascending, int64.

    Raises:
        StudioError: if that many can't be kept of T.
    """
    try:
        timesteps = space_timesteps(T, respacing)
    except ValueError as error:
        text = str(error)
        raise StudioError(f"{text[:1].upper()}{text[1:]}.", "Choose another respacing.") from error
    extra = {extra_t - 1 for extra_t in (t if t < T else 0, through) if extra_t}
    extra -= set(timesteps.tolist())
    return torch.cat([timesteps[timesteps < t], timesteps.new_tensor(sorted(extra))]).sort().values


def check_t(model: Model, t: int) -> None:
    """Check that t is in 0..T.

    Raises:
        StudioError: if it is not; it names the valid range.
    """
    if not 0 <= t <= model.process.schedule.T:
        raise StudioError(
            f"t = {t} is out of range.",
            f"This model's t goes from 0 to {model.process.schedule.T}.",
        )


def reverse_process(
    model: Model,
    request: SamplerRequest,
    x_t: Tensor,
    t: int,
    noise: PictureNoise,
    through: int = 0,
    runs_left: int = 1,
    classes: Classes | None = None,
) -> Frames:
    """Run the requested sampler from x_t at t to x_0, with ``through`` among the t of its steps.

    ``request.steps`` counts for the whole reverse process from T; a shorter one takes its share of
    them, except that a few-step student takes all, or those timesteps of ``request.respacing`` that
    are below t. ``runs_left`` is the number of such runs to come, including this one; for
    ``classes`` see :func:`evaluator_for`.

    Raises:
        StudioError: if t, the steps or the class are out of range, or the sampler can't start from
            pure noise.
    """
    check_t(model, t)
    sampler, T = SAMPLERS[request.sampler], model.process.schedule.T
    steps: int | Tensor
    if request.respacing is None:
        steps = request.steps or min(sampler.default_steps or T, T)
        check_steps(model, steps)
        # All of a student's few steps are needed.
        steps = min(steps, t) if sampler.few_step else proportional_steps(model, steps, t)
        evaluations, start = steps, t
    else:
        steps = respaced_timesteps(request.respacing, T, t, through)
        evaluations, start = len(steps), int(steps[-1]) + 1
    if sampler.needs_signal and start == T and model.process.schedule.zero_terminal_snr:
        raise StudioError(
            f"The sampler {sampler.title} can't begin with noise alone, as this model does.",
            "Choose another, such as DDIM.",
        )
    return run_sampler(
        sampler,
        requested_process(model, request),
        evaluator_for(model, request, evaluations * runs_left, classes),
        x_t,
        noise,
        steps,
        request.eta if sampler.uses_eta else 0.0,
        start,
        through,
        **request.sampler_options,
    )


def draw(
    model: Model,
    request: SamplerRequest,
    x_t: Tensor,
    t: int,
    noise: PictureNoise,
    *,
    frames: int = 0,
    text: str = "Drawing",
    runs_left: int = 1,
    classes: Classes | None = None,
) -> Generator[Event, None, Pictures]:
    """Draw from x_t at t to x_0; yield progress and up to ``frames`` evenly spaced frames.

    Args:
        model: the model to draw with.
        request: the sampler and its settings.
        x_t: latent, shape (N, C, H, W).
        t: 0..T as in the paper; 0 returns x_t itself.
        noise: noise with one stream for each picture.
        frames: number of frames to yield, first and last included; 0 for none.
        text: text of the progress.
        runs_left: number of such drawings to come, including this one.
        classes: class of each picture, replacing the request's; see :func:`evaluator_for`.

    Returns:
        The pictures, uint8 (N, H, W, C).
    """
    if t == 0:
        check_t(model, t)
        return _pictures(x_t)
    trajectory = reverse_process(
        model, request, x_t, t, noise, runs_left=runs_left, classes=classes
    )
    return (yield from run_reverse_process(trajectory, frames, text))


def run_reverse_process(
    trajectory: Frames, frames: int, text: str
) -> Generator[Event, None, Pictures]:
    """Run a reverse process to its end; yields and returns as :func:`draw` does."""
    shown_indices: set[int] | None = None
    for frame in trajectory:
        if shown_indices is None:
            shown_indices = _evenly_spaced(frame.total + 1, frames)
        if frame.index in shown_indices:
            yield frame_images(frame)
        yield Progress(frame.index, frame.total, text)
        x_t = frame.x_t
    return _pictures(x_t)


def frame_images(frame: Frame) -> FrameImages:
    """Return a frame's arrays as float16 on the CPU, converted on the device."""
    arrays = (to_float16(getattr(frame, view), SCALES[view]).cpu().numpy() for view in STORED_VIEWS)
    return FrameImages(frame.index, frame.total, frame.t, *arrays)


def _pictures(x: Tensor) -> Pictures:
    pictures: Pictures = to_uint8(x).cpu().numpy()
    return pictures


def _evenly_spaced(total: int, count: int) -> set[int]:
    if count <= 0:
        return set()
    return {int(i) for i in np.linspace(0, total - 1, min(max(count, 2), total)).round()}


def picture_shape(model: Model) -> tuple[int, int, int]:
    """Return the shape (C, H, W) of the model's pictures."""
    return model.network.config.shape


def recipe(
    model: Model,
    request: DrawRequest,
    inputs: Mapping[str, Array] | None = None,
    *,
    kind: str = "",
) -> dict[str, object]:
    """Return the recipe of a picture: the request and all else needed to draw it again.

    Args:
        model: the model that drew; its fingerprint shows later whether the weights are the same.
        request: the request; ``auto`` is replaced by what was chosen.
        inputs: arrays that it was drawn from in addition to noise, by name.
        kind: kind of the recipe, if it is not that of the request's drawing.
    """
    tool = () if kind else (("tool", tool_of(drawing_of(request).name).name),)
    request = request.model_copy(update={"precision": resolve_precision(model, request)})
    run_json = model.info.model_dump(mode="json", include={"created", "network", "data"})
    fields = request.model_dump(mode="json")
    content: dict[str, object] = {
        "kind": kind or drawing_of(request).name,
        # A relative path would be wrong for others who open the picture.
        "request": {**fields, "run": str(model.run.resolve())},
        "checkpoint": model.step,
        "device": model.device.type,
        "model": model.fingerprint,
        "run_id": run_id(run_json),
        "torch": str(torch.__version__),
    }
    if used := origins(request, model.info.process, also=tool):
        content["plugins"] = used
    return content | {"inputs": pack(inputs)} if inputs else content
