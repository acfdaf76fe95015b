"""Default of t for a model."""

from __future__ import annotations

from collections.abc import Collection
from typing import TypeVar

from ddpm_studio.requests import InterpolateRequest, PathRequest, ShareRequest
from ddpm_studio.runs import RunFolder

RequestT = TypeVar("RequestT", ShareRequest, InterpolateRequest, PathRequest)


def with_default_t(request: RequestT, given: Collection[str]) -> RequestT:
    """Return the request with t limited to half of T, unless the person has given t.

    Raises:
        StudioError: if the run can't be read.
    """
    if "t" in given:
        return request
    half = RunFolder.open(request.run).info.process.timesteps // 2
    return request.model_copy(update={"t": min(request.t, half)})
