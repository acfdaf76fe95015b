"""Folder layouts of diffusers models: locating and reading network, scheduler and weights."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from ddpm_studio.errors import StudioError
from ddpm_studio.hub_cache import newest_snapshot
from ddpm_studio.pickles.torch_file import load_torch_file
from ddpm_studio.placeholders import GIT_ANNEX, detect_placeholder_at, git_annex_link
from ddpm_studio.strict_json import read_object, require_file

WEIGHTS = "diffusion_pytorch_model"
INDEX = "model_index.json"

_MAX_JSON = 1 << 20
_MAX_SHARDS = 1000
_SCHEDULER = "scheduler_config.json"
_CHECKPOINT = re.compile(r"checkpoint-(\d{1,12})")
_SHARD = re.compile(r"-\d{5}-of-\d{5}\.")
_SUFFIXES = (".safetensors", ".bin")
_NETWORKS = ("unet", "unet_ema")
_DOWNLOAD_REMEDY = "Download the model again."


@dataclass(frozen=True)
class ModelLayout:
    """The parts of a diffusers model.

    Args:
        root: the folder of the whole model, even if the path of one part was given.
        unet: the folder of the network for sampling, the EMA one where there are both.
        raw: the folder of the network without EMA, where there are both; else None.
        scheduler: the file of the scheduler's configuration; None if there is none.
    """

    root: Path
    unet: Path
    raw: Path | None
    scheduler: Path | None


def find_layout(path: Path) -> ModelLayout | None:
    """Find the parts of a diffusers model; return None if the path is not one.

    Args:
        path: a pipeline's folder; an output folder of diffusers' training script or a
            ``checkpoint-N`` in it; a folder of the Hub's cache; a network's folder; or a file in
            one of these.
    """
    if not path.is_dir():
        is_model_file = path.name.startswith(WEIGHTS) or path.name in (
            INDEX,
            _SCHEDULER,
            "config.json",
        )
        return find_layout(path.parent) if is_model_file and path.is_file() else None
    raw, ema = path / "unet", path / "unet_ema"
    found = [candidate for candidate in (ema, raw) if (candidate / "config.json").is_file()]
    if found:
        return ModelLayout(path, found[0], found[1] if len(found) > 1 else None, _scheduler(path))
    if (path / "config.json").is_file() and _is_network(path):
        root = _model_root(path)
        return ModelLayout(root, path, None, _scheduler(root))
    newest = max(_checkpoints(path), default=None)
    folder = newest[1] if newest else newest_snapshot(path)
    return find_layout(folder) if folder else None


def read_json(path: Path) -> dict[str, Any]:
    """Read a JSON file of diffusers, whose schedulers may hold ``-Infinity``.

    Raises:
        StudioError: if the file can't be read.
    """
    try:
        return read_object(path, _MAX_JSON, infinity=True)
    except (OSError, ValueError) as error:
        if (placeholder := detect_placeholder_at(path)) is not None:
            raise placeholder.error(str(path)) from error
        raise StudioError(f"{path} cannot be read: {error}.", "Download it again.") from error


def read_weights(folder: Path, max_bytes: int) -> tuple[Path, dict[str, Tensor]]:
    """Read the weights of a network, in one file or in shards, in full precision if available.

    Args:
        folder: the network's folder.
        max_bytes: largest total size of the files in bytes.

    Returns:
        The file that was read, or the index of its shards, and the weights.

    Raises:
        StudioError: if there are no weights, or they are damaged.
    """
    file = next(_candidates(folder), None)
    if file is None:
        if (link := _unfetched_annex_file(folder)) is not None:
            raise GIT_ANNEX.error(str(link))
        kinds = " and no ".join(f"{WEIGHTS}{suffix}" for suffix in _SUFFIXES)
        raise StudioError(f"{folder} has no {kinds}.", _DOWNLOAD_REMEDY)
    shards = _shards(file) if file.suffix == ".json" else [file]
    weights: dict[str, Tensor] = {}
    for shard in shards:
        try:
            max_bytes -= require_file(shard).st_size
            if max_bytes < 0:
                raise ValueError("it is far larger than its network")
            weights.update(_table(shard))
        except (SafetensorError, ValueError, OSError) as error:
            if (placeholder := detect_placeholder_at(shard)) is not None:
                raise placeholder.error(str(shard)) from error
            raise StudioError(
                f"{shard} is damaged or holds more than weights: {error}.",
                "Download it again, or choose a model with safetensors.",
            ) from error
    return file, weights


def variant_of(file: Path) -> str:
    """Return the variant in the name of a weights file, such as "fp16"; empty if none."""
    parts = file.name.removeprefix(WEIGHTS).split(".")
    known = {"", "safetensors", "bin", "index", "json"}
    return ".".join(part for part in parts if part not in known)


def _candidates(folder: Path) -> Iterator[Path]:
    """Yield the files with all weights and the indices of shards, in order of preference."""
    with suppress(OSError):
        files = [path for path in folder.iterdir() if path.name.startswith(WEIGHTS)]
        single_files = [
            path for path in files if path.suffix in _SUFFIXES and not _SHARD.search(path.name)
        ]
        indices = [path for path in files if path.suffix == ".json" and ".index" in path.name]
        yield from sorted(
            [path for path in (*single_files, *indices) if path.is_file()],
            key=lambda path: (variant_of(path) != "", ".bin" in path.name, path.name),
        )


def _unfetched_annex_file(folder: Path) -> Path | None:
    """Return a weights file that git-annex has not fetched; None if there is none."""
    with suppress(OSError):
        candidates = (path for path in folder.iterdir() if path.name.startswith(WEIGHTS))
        return next((path for path in candidates if git_annex_link(path) is not None), None)
    return None


def _shards(index: Path) -> list[Path]:
    """Return the shards that an index lists, which must be in the same folder.

    Raises:
        StudioError: the index is damaged, or a shard is missing.
    """
    weight_map = read_json(index).get("weight_map")
    names = (
        set(weight_map.values())
        if isinstance(weight_map, dict) and _values_are_strings(weight_map)
        else set()
    )
    if not 0 < len(names) <= _MAX_SHARDS:
        raise StudioError(f"{index} names no files of weights.", _DOWNLOAD_REMEDY)
    for name in names:
        if Path(name).name != name or Path(name).suffix not in _SUFFIXES:
            raise StudioError(
                f"{index} names {name!r}, which is no file beside it.", _DOWNLOAD_REMEDY
            )
        if not (index.parent / name).is_file():
            raise StudioError(
                f"{index.parent} lacks {name}, a part of the weights.", _DOWNLOAD_REMEDY
            )
    return [index.parent / name for name in sorted(names)]


def _values_are_strings(mapping: dict[Any, Any]) -> bool:
    return all(isinstance(name, str) for name in mapping.values())


def _table(path: Path) -> dict[str, Tensor]:
    # No memory map: a file truncated on a network disk would kill the process.
    safe = path.suffix == ".safetensors"
    return load_file(path, backend="pread") if safe else load_torch_file(path)


def _model_root(network: Path) -> Path:
    """Return the pipeline or checkpoint folder that a network belongs to, or its own folder."""
    parent = network.resolve().parent
    known = (parent / INDEX).is_file() or _CHECKPOINT.fullmatch(parent.name)
    return parent if network.name in _NETWORKS and known else network


def _scheduler(folder: Path) -> Path | None:
    """Return the scheduler's configuration file; that of a checkpoint is in the parent folder."""
    in_parent = folder.name in _NETWORKS or _CHECKPOINT.fullmatch(folder.name)
    folders = [folder, folder.resolve().parent] if in_parent else [folder]
    candidates = (
        path / subfolder / _SCHEDULER for path in folders for subfolder in ("scheduler", ".")
    )
    return next((path for path in candidates if path.is_file()), None)


def _is_network(folder: Path) -> bool:
    """Whether a folder with a config.json is a network of diffusers."""
    if (folder / _SCHEDULER).is_file() or next(_candidates(folder), None) is not None:
        return True
    with suppress(StudioError):
        return "_class_name" in read_json(folder / "config.json")
    return False


def _checkpoints(folder: Path) -> Iterator[tuple[int, Path]]:
    """Yield (step, folder) of the checkpoints of diffusers' training script."""
    with suppress(OSError):
        for path in folder.iterdir():
            match = _CHECKPOINT.fullmatch(path.name)
            if match and any((path / network / "config.json").is_file() for network in _NETWORKS):
                yield int(match[1]), path
