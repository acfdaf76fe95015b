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
        named = path.name.startswith(WEIGHTS) or path.name in (INDEX, _SCHEDULER, "config.json")
        return find_layout(path.parent) if named and path.is_file() else None
    plain, averaged = path / "unet", path / "unet_ema"
    found = [part for part in (averaged, plain) if (part / "config.json").is_file()]
    if found:
        return ModelLayout(path, found[0], found[1] if len(found) > 1 else None, _scheduler(path))
    if (path / "config.json").is_file() and _is_network(path):
        root = _model_root(path)
        return ModelLayout(root, path, None, _scheduler(root))
    newest = max(_checkpoints(path), default=None)
    inner = newest[1] if newest else newest_snapshot(path)
    return find_layout(inner) if inner else None


def read_json(path: Path) -> dict[str, Any]:
    """Read a JSON file of diffusers, whose schedulers may hold ``-Infinity``.

    Raises:
        StudioError: if the file can't be read.
    """
    try:
        return read_object(path, _MAX_JSON, infinity=True)
    except (OSError, ValueError) as error:
        if (instead := detect_placeholder_at(path)) is not None:
            raise instead.error(str(path)) from error
        raise StudioError(f"{path} cannot be read: {error}.", "Download it again.") from error


def read_weights(folder: Path, most: int) -> tuple[Path, dict[str, Tensor]]:
    """Read the weights of a network, in one file or in shards, in full precision if available.

    Args:
        folder: the network's folder.
        most: largest total size of the files in bytes.

    Returns:
        The file that was read, or the index of its shards, and the weights.

    Raises:
        StudioError: if there are no weights, or they are damaged.
    """
    listed = next(_candidates(folder), None)
    if listed is None:
        if (link := _unfetched_annex_file(folder)) is not None:
            raise GIT_ANNEX.error(str(link))
        kinds = " and no ".join(f"{WEIGHTS}{suffix}" for suffix in _SUFFIXES)
        raise StudioError(f"{folder} has no {kinds}.", _DOWNLOAD_REMEDY)
    shards = _shards(listed) if listed.suffix == ".json" else [listed]
    weights: dict[str, Tensor] = {}
    for shard in shards:
        try:
            most -= require_file(shard).st_size
            if most < 0:
                raise ValueError("it is far larger than its network")
            weights.update(_table(shard))
        except (SafetensorError, ValueError, OSError) as error:
            if (instead := detect_placeholder_at(shard)) is not None:
                raise instead.error(str(shard)) from error
            raise StudioError(
                f"{shard} is damaged or holds more than weights: {error}.",
                "Download it again, or choose a model with safetensors.",
            ) from error
    return listed, weights


def variant_of(file: Path) -> str:
    """Return the variant in the name of a weights file, such as "fp16"; empty if none."""
    words = file.name.removeprefix(WEIGHTS).split(".")
    known = {"", "safetensors", "bin", "index", "json"}
    return ".".join(word for word in words if word not in known)


def _candidates(folder: Path) -> Iterator[Path]:
    """Yield the files with all weights and the indices of shards, in order of preference."""
    with suppress(OSError):
        files = [path for path in folder.iterdir() if path.name.startswith(WEIGHTS)]
        whole = [
            path for path in files if path.suffix in _SUFFIXES and not _SHARD.search(path.name)
        ]
        lists = [path for path in files if path.suffix == ".json" and ".index" in path.name]
        yield from sorted(
            [path for path in (*whole, *lists) if path.is_file()],
            key=lambda path: (variant_of(path) != "", ".bin" in path.name, path.name),
        )


def _unfetched_annex_file(folder: Path) -> Path | None:
    """Return a weights file that git-annex has not fetched; None if there is none."""
    with suppress(OSError):
        named = (path for path in folder.iterdir() if path.name.startswith(WEIGHTS))
        return next((path for path in named if git_annex_link(path) is not None), None)
    return None


def _shards(listed: Path) -> list[Path]:
    """Return the shards that an index lists, which must be in the same folder.

    Raises:
        StudioError: the index is damaged, or a shard is missing.
    """
    named = read_json(listed).get("weight_map")
    names = set(named.values()) if isinstance(named, dict) and _values_are_strings(named) else set()
    if not 0 < len(names) <= _MAX_SHARDS:
        raise StudioError(f"{listed} names no files of weights.", _DOWNLOAD_REMEDY)
    for name in names:
        if Path(name).name != name or Path(name).suffix not in _SUFFIXES:
            raise StudioError(
                f"{listed} names {name!r}, which is no file beside it.", _DOWNLOAD_REMEDY
            )
        if not (listed.parent / name).is_file():
            raise StudioError(
                f"{listed.parent} lacks {name}, a part of the weights.", _DOWNLOAD_REMEDY
            )
    return [listed.parent / name for name in sorted(names)]


def _values_are_strings(named: dict[Any, Any]) -> bool:
    return all(isinstance(name, str) for name in named.values())


def _table(path: Path) -> dict[str, Tensor]:
    # No memory map: a file truncated on a network disk would kill the process.
    safe = path.suffix == ".safetensors"
    return load_file(path, backend="pread") if safe else load_torch_file(path)


def _model_root(part: Path) -> Path:
    """Return the pipeline or checkpoint folder that a network belongs to, or its own folder."""
    above = part.resolve().parent
    known = (above / INDEX).is_file() or _CHECKPOINT.fullmatch(above.name)
    return above if part.name in _NETWORKS and known else part


def _scheduler(folder: Path) -> Path | None:
    """Return the scheduler's configuration file; that of a checkpoint is in the parent folder."""
    above = folder.name in _NETWORKS or _CHECKPOINT.fullmatch(folder.name)
    folders = [folder, folder.resolve().parent] if above else [folder]
    places = (place / part / _SCHEDULER for place in folders for part in ("scheduler", "."))
    return next((place for place in places if place.is_file()), None)


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
            if match and any((path / part / "config.json").is_file() for part in _NETWORKS):
                yield int(match[1]), path
