"""Checkpoints: a folder of safetensors files, and a ``state.json`` with their checksums."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from ddpm_studio.engine.networks.network import NetworkConfig
from ddpm_studio.errors import StudioError
from ddpm_studio.paths import path_exists, rename_with_retries
from ddpm_studio.runs import atomic
from ddpm_studio.runs.tensors import safetensors_chunks
from ddpm_studio.runs.weights import max_bytes
from ddpm_studio.strict_json import read_object, require_file

Part = Literal["model", "ema", "optimizer", "averages"]
# Enough digits for the largest number of steps that a request allows.
_NAME = re.compile(r"step-(\d{8,9})")
_KEEP_LAST = 3
_MAX_STATE = 16 << 20
_PART_NAMES: dict[Part, str] = {
    "model": "raw weights",
    "ema": "averaged weights",
    "optimizer": "state of the optimiser",
    "averages": "averages of other lengths",
}
# Upper bound for the numbers in each part per parameter of the network.
_COPIES: dict[Part, int] = {"model": 1, "ema": 1, "optimizer": 3, "averages": 2}
_DIGEST = 16


@dataclass(frozen=True)
class Checkpoint:
    """A checkpoint folder on disk, and its step."""

    step: int
    path: Path

    @classmethod
    def find_all(cls, folder: Path) -> list[Checkpoint]:
        """Return the checkpoints in a run's ``checkpoints`` folder, oldest first."""
        if not folder.is_dir():
            return []
        found = [
            cls(int(match[1]), entry)
            for entry in folder.iterdir()
            if (match := _NAME.fullmatch(entry.name)) and entry.is_dir()
        ]
        return sorted(found, key=lambda checkpoint: checkpoint.step)

    @classmethod
    def save(
        cls,
        folder: Path,
        step: int,
        tensors: dict[Part, dict[str, Tensor]],
        state: dict[str, Any],
    ) -> Checkpoint:
        """Write a checkpoint atomically; it takes its name once its files' checksums are verified.

        Args:
            folder: the run's ``checkpoints`` folder.
            step: training steps taken.
            tensors: tensors of each part, by name.
            state: further content of ``state.json``.

        Raises:
            OSError: if it can't be written, or reads back with another checksum.
        """
        path = folder / f"step-{step:08d}"
        with atomic.atomic_folder(path) as temporary:
            checksums = {}
            for part, values in tensors.items():
                file = temporary / f"{part}.safetensors"
                digest = hashlib.blake2b(digest_size=_DIGEST)
                atomic.write_file(file, _update_digest(safetensors_chunks(values), digest))
                checksums[file.name] = digest.hexdigest()
            content = {**state, "step": step, "checksums": checksums}
            atomic.write_file(temporary / "state.json", [json.dumps(content, indent=1).encode()])
            for name, checksum in checksums.items():
                if _checksum(temporary / name) != checksum:
                    raise OSError(errno.EIO, "What was written came back changed", str(path))
        return cls(step, path)

    def state(self) -> dict[str, Any]:
        """Return the content of ``state.json``.

        Raises:
            StudioError: if it is missing or damaged.
        """
        try:
            state = read_object(self.path / "state.json", _MAX_STATE, nan=True)
        except (OSError, ValueError) as error:
            raise self._damaged("state.json can't be read") from error
        if state.get("step") != self.step:
            raise self._damaged("state.json does not fit")
        return state

    def load(self, part: Part, network: NetworkConfig | None = None) -> dict[str, Tensor]:
        """Return the tensors of one part, after verifying its checksum.

        Args:
            part: the part to load.
            network: the network's configuration; a far larger file than it needs is not read.

        Raises:
            StudioError: if the checkpoint was written without the part, or it is missing, damaged
                or too large.
        """
        file = self.path / f"{part}.safetensors"
        checksums = self.state().get("checksums")
        if isinstance(checksums, dict) and file.name not in checksums and not path_exists(file):
            raise StudioError(
                f"The checkpoint of step {self.step} was saved without {_PART_NAMES[part]}.",
                "A model that was packed to be shared has averaged weights alone.",
            )
        expected = checksums.get(file.name) if isinstance(checksums, dict) else None
        try:
            size = require_file(file).st_size
            if network is not None and size > max_bytes(network, _COPIES[part]):
                raise self._damaged(f"{file.name} holds far more than its network")
            if expected != _checksum(file):
                raise self._damaged(f"{file.name} is not what was written")
            # Not memory-mapped: a file truncated on a network disk would crash the process.
            return load_file(file, backend="pread")
        except (OSError, ValueError, SafetensorError) as error:
            raise self._damaged(f"{file.name} can't be read") from error

    def quarantine(self) -> None:
        """Rename a damaged checkpoint to ``damaged-…``: it is ignored, but can be examined.

        Raises:
            OSError: if it can't be renamed.
        """
        target = self.path.with_name(f"damaged-{self.path.name}")
        if target.exists():
            atomic.remove_folder(target)
        rename_with_retries(Path.rename, self.path, target)

    def _damaged(self, what: str) -> StudioError:
        return StudioError(
            f"The checkpoint of step {self.step} is damaged: {what}.",
            f"Move the folder {self.path} away to use an earlier one.",
        )


def prune(checkpoints: list[Checkpoint]) -> list[Checkpoint]:
    """Return the checkpoints to remove, keeping the newest and ever fewer of older ones."""
    steps = [checkpoint.step for checkpoint in checkpoints]
    kept_steps = set(_steps_to_keep(steps))
    return [checkpoint for checkpoint in checkpoints if checkpoint.step not in kept_steps]


def _steps_to_keep(steps: list[int]) -> Iterable[int]:
    """Yield kept steps: the last few, then about one per doubling of the distance to the newest."""
    yield from steps[-_KEEP_LAST:]
    last_rung = None
    for step in steps[:-_KEEP_LAST]:
        rung = (steps[-1] - step).bit_length()
        if rung != last_rung:
            yield step
        last_rung = rung


def _update_digest(
    chunks: Iterable[bytes | memoryview], digest: hashlib.blake2b
) -> Iterator[bytes | memoryview]:
    for chunk in chunks:
        digest.update(chunk)
        yield chunk


def _checksum(file: Path) -> str:
    digest = hashlib.blake2b(digest_size=_DIGEST)
    with file.open("rb") as stream:
        # Drop the page cache, where supported, so that the file is read back from the disk.
        if hasattr(os, "posix_fadvise"):
            os.posix_fadvise(stream.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
        while block := stream.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()
