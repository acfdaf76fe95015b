"""Contents of ``run.json`` of a new run: network, process, settings, data set."""

from __future__ import annotations

from pathlib import Path

from ddpm_studio.catalogue.data_formats import DATA_FORMATS
from ddpm_studio.catalogue.origins import origins
from ddpm_studio.data import Dataset
from ddpm_studio.engine import NetworkConfig
from ddpm_studio.engine.networks.presets import preset, preset_multiple
from ddpm_studio.engine.sizes import side_text
from ddpm_studio.engine.tables import VARIANCES
from ddpm_studio.errors import StudioError
from ddpm_studio.requests import TrainRequest
from ddpm_studio.runs import DataInfo, ProcessInfo, RunFolder, RunInfo
from ddpm_studio.runs.info import BaseInfo, SamplingDefaults, StudentInfo


def network_config(request: TrainRequest, dataset: Dataset) -> NetworkConfig:
    """Return the network configuration of a new run on these pictures.

    Raises:
        StudioError: if the network can't take pictures of their size.
    """
    try:
        shape = dataset.shape
        config = preset(request.preset, (shape.channels, shape.height, shape.width))
    except ValueError as error:
        raise StudioError(
            f"The network {request.preset!r} can't take pictures of "
            f"{side_text(shape.width, shape.height)} px: {error}.",
            f"Choose an image size that is a multiple of {preset_multiple(request.preset)}.",
        ) from error
    if request.dropout is not None:
        config = config.with_fields(dropout=request.dropout)
    if request.class_conditional:
        config = config.with_fields(num_classes=len(dataset.class_names))
    return config.with_fields(learned_variance=VARIANCES[request.variance].learned)


def process_info(request: TrainRequest) -> ProcessInfo:
    """Return the description of the requested forward process."""
    return ProcessInfo(
        schedule=request.schedule,
        timesteps=request.timesteps,
        parameterization=request.parameterization,
        variance=request.variance,
        zero_terminal_snr=request.zero_terminal_snr,
    )


def describe(
    request: TrainRequest,
    config: NetworkConfig,
    process: ProcessInfo,
    dataset: Dataset,
    start_from: Path | None,
    student: StudentInfo | None,
    base: RunInfo | None,
) -> RunInfo:
    """Return the contents of ``run.json`` of a new run.

    Args:
        request: the settings.
        config: configuration of its network.
        process: its forward process.
        dataset: the data set.
        start_from: the run that is fine-tuned, or the student's teacher.
        student: how a few-step student is trained, if it is one.
        base: contents of ``run.json`` of that other run.
    """
    by_class = config.num_classes is not None
    # Guidance extrapolates from the prediction without a class, learned by dropping labels.
    has_null_label = request.label_dropout > 0 or (base is not None and base.has_learnt_null_label)
    return RunInfo(
        network=config.to_dict(),
        process=process,
        request=request,
        data=describe_data(dataset),
        start_from=str(start_from.resolve()) if start_from else None,
        base=_base(start_from, base) if start_from and base and not student else None,
        student=student,
        drawing=SamplingDefaults(guidance=None if has_null_label and not student else 1.0)
        if by_class
        else None,
        null_label=has_null_label or not by_class,
        plugins={
            **origins(request, process, also=[("network", config.kind)]),
            **data_origins(dataset),
        },
    )


def describe_data(dataset: Dataset) -> DataInfo:
    """Return the description of a data set."""
    return DataInfo(
        sources=tuple(str(source.resolve()) for source in dataset.source),
        fingerprint=dataset.fingerprint,
        count=len(dataset),
        class_names=dataset.class_names,
        options=dataset.options.expecting({}),
        ranges=dataset.ranges or None,
    )


def data_origins(dataset: Dataset) -> dict[str, str]:
    """Return the plug-ins' data formats that a data set was read with, with their origins."""
    return origins(also=((DATA_FORMATS.kind, name) for name in dataset.report.formats))


def _base(run: Path, info: RunInfo) -> BaseInfo:
    return BaseInfo(step=RunFolder.open(run).newest().step, run=info.model_dump(mode="json"))
