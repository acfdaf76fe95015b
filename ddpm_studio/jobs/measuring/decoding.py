"""Progressive decoding of one picture [DDPM §4.3]."""

from __future__ import annotations

from collections.abc import Generator

import numpy as np

from ddpm_studio.engine.likelihood.progressive import progressive_decoding
from ddpm_studio.engine.samplers import Frame
from ddpm_studio.jobs.drawing.drawing import frame_images
from ddpm_studio.jobs.drawing.models import ModelStore
from ddpm_studio.jobs.drawing.pictures import to_latent
from ddpm_studio.jobs.drawing.sampling_defaults import with_default_clipping
from ddpm_studio.jobs.events import DecodingResult, Event, Pictures
from ddpm_studio.jobs.measuring.measuring import labelled_network, measure_picture, measured_process
from ddpm_studio.requests import DecodeRequest


def decode(
    request: DecodeRequest, picture: Pictures, models: ModelStore
) -> Generator[Event, None, DecodingResult]:
    """Decode a picture progressively: show x̂_0 at falling t, then measure the rates.

    Args:
        request: number of states to show, and of timesteps over which the rate is summed; the
            picture's class.
        picture: uint8 (H, W, C) of the model's size.
        models: store of models.

    Yields:
        FrameImages of each state, from t = T to 1; Progress.

    Raises:
        StudioError: if the run can't be read, the picture does not fit, a setting is out of
            range, or the network's output is not finite.
    """
    model = models.get(request.run, request.weights, request.device)
    request = with_default_clipping(model, request)
    process = measured_process(model, request)
    x0, T = to_latent(picture, model), process.schedule.T
    network = labelled_network(model, request)
    # From the largest t down, each once.
    shown_t = np.unique(np.linspace(1, T, request.moments).round().astype(int))[::-1].tolist()
    frames, distortions = [], []
    for k, state in enumerate(progressive_decoding(process, network, x0, shown_t, request.seed)):
        frame = Frame(state.t, state.x_t, state.x0_hat, state.eps, k, len(shown_t) - 1)
        frames.append(frame_images(frame))
        distortions.append(state.distortion)
        yield frames[-1]
    bound = yield from measure_picture(model, process, x0, request, "Measuring the rate")
    return DecodingResult(
        t=tuple(shown_t),
        rate=tuple(bound.rate_at(np.array(shown_t)).tolist()),
        distortion=tuple(distortions),
        x_t=np.concatenate([frame.x_t for frame in frames]),
        x0_hat=np.concatenate([frame.x0_hat for frame in frames]),
        total=bound.total,
        recipe={
            "kind": "decode",
            "request": request.model_dump(mode="json"),
            "checkpoint": model.step,
            "device": model.device.type,
        },
    )
