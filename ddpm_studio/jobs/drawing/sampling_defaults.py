"""Sampling defaults that a run brings: a student's sampler, classes in turn, guidance."""

from __future__ import annotations

from typing import Any, TypeVar

from ddpm_studio.jobs.drawing.models import Model
from ddpm_studio.jobs.drawing.students import with_its_sampler
from ddpm_studio.requests import EvaluateRequest, SampleRequest, SamplerRequest

SamplerRequestT = TypeVar("SamplerRequestT", bound=SamplerRequest)


def as_the_run_draws(model: Model, request: SamplerRequestT) -> SamplerRequestT:
    """Return a request with what its run draws by where that was not named.

    A student has a sampler and steps of its own. A run that has learnt classes may say by which
    guidance they are drawn; where no class is named, samples are of all of them, in turn.

    Raises:
        StudioError: as :func:`~ddpm_studio.jobs.drawing.students.with_its_sampler`.
    """
    request = with_its_sampler(model, request)
    own, named = model.info.drawing, request.model_fields_set
    if own is None:
        return request
    update: dict[str, Any] = {}
    by_class = request.class_label is not None
    if isinstance(request, SampleRequest):
        # A request that says "no class" means it, such as that of a picture drawn before.
        if request.all_classes is None and "class_label" not in named:
            update["all_classes"] = True
        by_class |= bool(update.get("all_classes", request.all_classes))
    elif isinstance(request, EvaluateRequest):
        by_class |= request.by_class
    if by_class and "guidance" not in named:
        update["guidance"] = own.guidance
    return request.model_copy(update=update)
