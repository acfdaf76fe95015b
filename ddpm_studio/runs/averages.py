"""Snapshots of a run's power-function EMAs, ``averages/step-NNNNNNNN.safetensors`` [EDM2 §3].

They are in half precision, as in EDM2: an average of any length is rebuilt from many snapshots.
"""

from __future__ import annotations

import re
from contextlib import suppress
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from ddpm_studio.engine.power_ema import Snapshot, coefficients
from ddpm_studio.engine.training_tensors import split_tensors
from ddpm_studio.errors import StudioError
from ddpm_studio.runs import atomic
from ddpm_studio.runs.checkpoint import Checkpoint
from ddpm_studio.runs.folder import RunFolder
from ddpm_studio.runs.tensors import safetensors_chunks
from ddpm_studio.strict_json import require_file

_FOLDER = "averages"
_HEADER = 1 << 20
# Prefix of a tensor's name: the average's σ_rel, before the name of the parameter.
_WIDTH = re.compile(r"(\d+\.\d+)\.")
_NAME = re.compile(r"step-(\d{8,9})\.safetensors")


def save_averages(run: Path, step: int, tensors: dict[str, Tensor]) -> None:
    """Write a snapshot of the averages at a step; tensors are named ``σ_rel.parameter``.

    Raises:
        OSError: if they can't be written.
    """
    atomic.make_folder(run / _FOLDER)
    half_precision = {name: tensor.to(torch.float16) for name, tensor in tensors.items()}
    path = run / _FOLDER / f"step-{step:08d}.safetensors"
    atomic.write_bytes(path, b"".join(safetensors_chunks(half_precision)))


def average_snapshots(run: Path) -> dict[int, Path]:
    """Return the snapshot files by their step, oldest first."""
    with suppress(OSError):
        matches = ((_NAME.fullmatch(path.name), path) for path in (run / _FOLDER).iterdir())
        return dict(sorted((int(match[1]), path) for match, path in matches if match))
    return {}


def remove_averages_after(run: Path, step: int) -> None:
    """Remove the snapshots after a step from which training is about to resume."""
    for later, path in average_snapshots(run).items():
        if later > step:
            with suppress(OSError):
                path.unlink()


def has_average_snapshots(folder: RunFolder) -> bool:
    """Whether a run has snapshots from which averages of other lengths can be rebuilt."""
    return _has_power_ema(folder) and bool(average_snapshots(folder.path))


def rebuild_average(folder: RunFolder, checkpoint: Checkpoint, width: float) -> dict[str, Tensor]:
    """Return post-hoc EMA weights of any length, up to a checkpoint [EDM2 §3.2].

    Args:
        folder: a run that kept averages.
        checkpoint: the end of the average; its own averages are taken in full precision.
        width: length of the average, as the EMA's relative standard deviation σ_rel.

    Raises:
        StudioError: if the run kept no averages, or one is damaged.
        ValueError: for a width that can't be rebuilt.
    """
    if not _has_power_ema(folder):
        raise StudioError(
            f"The run {folder.path.name} kept no averages to make one of another length from.",
            "Leave the EMA length out, or train a run with EMA snapshots.",
        )
    files = {s: p for s, p in average_snapshots(folder.path).items() if s < checkpoint.step}
    network = folder.info.network_config()
    newest = checkpoint.load("averages", network)
    widths = sorted({match[1] for name in newest if (match := _WIDTH.match(name))})
    steps = [*files, checkpoint.step]
    snapshots = [Snapshot(float(name), step) for step in steps for name in widths]
    shares = iter(coefficients(snapshots, Snapshot(width, checkpoint.step)))
    result: dict[str, Tensor] = {}
    for step in steps:
        tensors = newest if step == checkpoint.step else _read(files[step], newest)
        for name in widths:
            share = float(next(shares))
            for key, value in split_tensors(tensors, name)[1].items():
                part = value.float() * share
                result[key] = part if key not in result else result[key].add_(part)
    return result


def _has_power_ema(folder: RunFolder) -> bool:
    request = folder.info.request
    return request is not None and request.power_ema


def _read(path: Path, reference: dict[str, Tensor]) -> dict[str, Tensor]:
    try:
        # A generous bound: twice the size in full precision, while snapshots are in half precision.
        if (
            require_file(path).st_size
            > 2 * sum(tensor.nbytes for tensor in reference.values()) + _HEADER
        ):
            raise ValueError("too large")
        tensors = load_file(path, backend="pread")
        if {k: v.shape for k, v in tensors.items()} != {k: v.shape for k, v in reference.items()}:
            raise ValueError("other tensors")
    except (OSError, ValueError, SafetensorError) as error:
        raise StudioError(
            f"The averages in {path} can't be read.",
            "Move that file away: an average is then made of the others.",
            str(error),
        ) from error
    return tensors
