"""Defaults chosen by the data set: class conditioning, horizontal flips, augmentation."""

from __future__ import annotations

from collections.abc import Generator

from ddpm_studio.data import Dataset
from ddpm_studio.engine import NetworkConfig
from ddpm_studio.engine.networks.registry import build_on_meta
from ddpm_studio.jobs.events import Event, InfoNotice
from ddpm_studio.jobs.training.adapting import adapted_config, student_config
from ddpm_studio.jobs.training.classes import resolve_class_conditioning
from ddpm_studio.jobs.training.description import network_config
from ddpm_studio.metrics.mirror_symmetry import mirror_symmetry
from ddpm_studio.requests import TrainRequest
from ddpm_studio.runs import RunInfo

# With 100 pictures, each seen 640 times, a fifth of the samples were copies without augmentation,
# and none with it; with 416, seen 154 times, both were alike
# (tests/benchmarks/results/recipes.md).
_FEW_PICTURES, _AUGMENTATION_PROBABILITY = 300, 0.12


def choose_auto_settings(
    request: TrainRequest, dataset: Dataset, base: RunInfo | None, student: bool
) -> Generator[Event, None, tuple[TrainRequest, NetworkConfig]]:
    """Choose the settings that were left open and report them; return request and network.

    Args:
        request: the settings.
        dataset: the data set.
        base: the run that is fine-tuned, or the student's teacher.
        student: whether a few-step student is trained.

    Returns:
        The completed request, and the configuration of the network.

    Raises:
        StudioError: if classes are requested of pictures that have none, or the network can't
            take the pictures.
    """
    request, class_message = resolve_class_conditioning(request, dataset, base)
    messages = [class_message] if class_message else []
    config = _config(request, dataset, base, student)
    if request.flip is None:
        symmetry = mirror_symmetry(dataset.images, dataset.shape.are_bands)
        request = request.model_copy(update={"flip": symmetry.is_symmetric})
        if not symmetry.is_symmetric:
            messages.append(
                f"Pictures are not mirrored: {symmetry.accuracy:.0%} of them can be told from "
                "their mirror images. --flip mirrors them all the same."
            )
    if request.augmentation is None:
        is_small = len(dataset) * (1 - request.held_out) < _FEW_PICTURES
        augments = is_small and build_on_meta(config).takes_augmentation
        request = request.model_copy(
            update={"augmentation": _AUGMENTATION_PROBABILITY if augments else 0.0}
        )
        if augments:
            messages.append(
                f"Fewer than {_FEW_PICTURES} pictures: so that they are not memorised, some are "
                "rotated, scaled and shifted, and the network is conditioned on that. "
                "--augmentation 0 trains without."
            )
    if messages:
        # In one event: the window has room for one notice.
        yield InfoNotice("\n".join(messages))
    return request, config.with_fields(augmented=bool(request.augmentation))


def _config(
    request: TrainRequest, dataset: Dataset, base: RunInfo | None, student: bool
) -> NetworkConfig:
    if base is None:
        return network_config(request, dataset)
    return (student_config if student else adapted_config)(base, request, dataset)
