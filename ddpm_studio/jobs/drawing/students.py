"""Few-step students: their sampler and steps, and jobs that they don't support."""

from __future__ import annotations

from typing import TypeVar

from ddpm_studio.engine.tables import SAMPLERS
from ddpm_studio.errors import StudioError
from ddpm_studio.jobs.drawing.models import Model
from ddpm_studio.requests import DrawRequest, SamplerRequest
from ddpm_studio.runs import RunInfo

RequestT = TypeVar("RequestT", bound=DrawRequest)
SamplerRequestT = TypeVar("SamplerRequestT", bound=SamplerRequest)


def with_default_sampler(model: Model, request: SamplerRequestT) -> SamplerRequestT:
    """Return a request with a student's own sampler and steps unless others are given.

    Raises:
        StudioError: if a student is to draw with another kind of sampler, or another model with a
            student's sampler.
    """
    student, sampler_given = model.info.student, "sampler" in request.model_fields_set
    if student is not None and not sampler_given:
        request = request.model_copy(update={"sampler": student.sampler})
    sampler = SAMPLERS[request.sampler]
    if student is not None and not sampler.few_step:
        few_step_names = [info.name for info in SAMPLERS.values() if info.few_step]
        raise StudioError(
            f"{sampler.title} goes by a model's estimate of the noise, which "
            f"{model.run.name}, a few-step student, does not have any more.",
            f"Choose {' or '.join(few_step_names)}.",
        )
    if student is None and sampler.few_step:
        raise StudioError(
            f"{sampler.title} is for few-step students, which {model.run.name} is not.",
            "Choose another sampler, or make a student of it first.",
        )
    if student is not None and request.steps is None and request.respacing is None:
        request = request.model_copy(update={"steps": student.steps})
    return request


def refuse_student(info: RunInfo, name: str, what: str) -> None:
    """Reject a student for a job that needs a model of the noise at each step.

    Args:
        info: the run.
        name: name of the run.
        what: start of the error's sentence, such as "Bits/dim".

    Raises:
        StudioError: if the run is a student.
    """
    if info.student is not None:
        raise StudioError(
            f"{what} needs a model of each step from t to t − 1; {name} is a few-step student, "
            "which goes from any t to the picture at once.",
            f"Ask its teacher: {info.student.teacher}.",
        )
