"""Atomic writes of runs: after a power cut at any moment, the old or the new state is complete."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from ddpm_studio.engine.networks.unet import UNetConfig
from ddpm_studio.runs import RunFolder, RunInfo, atomic
from ddpm_studio.runs.info import ProcessInfo
from tests.runs.power_cut import after_cut, record, write_tree

NETWORK = UNetConfig.tiny(16).to_dict()
Seen = tuple[int, str] | None


def new_run(path: Path, steps: range = range(0)) -> RunFolder:
    info = RunInfo(network=NETWORK, process=ProcessInfo(schedule="linear", timesteps=10))
    folder = RunFolder.create(path, info)
    for step in steps:
        save(folder, step)
    return folder


def save(folder: RunFolder, step: int, value: float | None = None) -> None:
    filled = torch.full((20, 5), float(step) if value is None else value)
    folder.save_checkpoint(
        step,
        {"model": {"w": filled}, "ema": {"w": filled + 0.5}, "optimizer": {"m": filled * 2}},
        {"loss": 0.5},
    )


def look(run: Path) -> Seen:
    """Open a run as the next training does, verify all of it, and return its state."""
    folder = RunFolder.open(run)
    folder.lock().release()
    digests = {}
    for checkpoint in folder.checkpoints():
        digest = hashlib.sha256()
        for part in ("model", "ema", "optimizer"):
            for name, tensor in checkpoint.load(part).items():
                digest.update(name.encode() + tensor.numpy().tobytes())
        digests[checkpoint.step] = digest.hexdigest()
    list(folder.metrics())
    return max(digests.items()) if digests else None


def cut_everywhere(
    scratch: Path, folder: RunFolder, work: Callable[[], None], subsets: int = 0
) -> int:
    """Simulate power cuts after each system call of ``work``; return the number of trees tested."""
    old = look(folder.path)
    root = folder.path.parent
    before, ops = record(root, work)
    new = look(folder.path)
    assert new != old
    count = 0
    for k in range(len(ops) + 1):
        for tree in after_cut(before, ops[:k], subsets):
            disk = scratch / str(count)
            write_tree(disk, tree)
            found = look(disk / folder.path.name)
            assert found in (old, new), f"after {ops[:k][-1:]}"
            assert found == new or k < len(ops), "what was saved is there"
            count += 1
    return count


CASES: dict[str, tuple[range, Callable[[RunFolder], None]]] = {
    "first": (range(0), lambda folder: save(folder, 1)),
    "next": (range(1, 3), lambda folder: save(folder, 3)),
    # At the fifth and the sixth save, an old checkpoint is pruned.
    "pruned": (range(1, 6), lambda folder: save(folder, 6)),
    "same step again": (range(1, 3), lambda folder: save(folder, 2, 7.5)),
}


@pytest.mark.parametrize("name", CASES)
def test_each_prefix_of_the_writes_of_a_checkpoint(tmp_path: Path, name: str) -> None:
    steps, work = CASES[name]
    folder = new_run(tmp_path / "disk" / "run", steps)
    count = cut_everywhere(tmp_path / "cut", folder, lambda: work(folder))
    assert count > 50


def test_the_model_of_the_disk_finds_a_name_that_was_given_too_early(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unflushed(path: Path, chunks: list[bytes]) -> None:
        descriptor = os.open(path, 0o1101)
        for chunk in chunks:
            left = memoryview(chunk)
            while left:
                left = left[os.write(descriptor, left) :]
        os.close(descriptor)

    folder = new_run(tmp_path / "disk" / "run", range(1, 3))
    monkeypatch.setattr(atomic, "write_file", unflushed)
    with pytest.raises(Exception, match="damaged"):
        cut_everywhere(tmp_path / "cut", folder, lambda: save(folder, 3))


def test_metrics_are_cut_at_a_line_or_not_at_all(tmp_path: Path) -> None:
    folder = new_run(tmp_path / "disk" / "run", range(1, 2))
    from ddpm_studio.runs import metrics

    metrics.append(folder.metrics_file, [{"step": k, "loss": 0.5} for k in range(1, 9)])
    before, ops = record(tmp_path / "disk", lambda: folder.drop_metrics_after(3))
    for k in range(len(ops) + 1):
        for number, tree in enumerate(after_cut(before, ops[:k])):
            disk = tmp_path / "cut" / f"{k} {number}"
            write_tree(disk, tree)
            kept = [line["step"] for line in RunFolder.open(disk / "run").metrics()]
            assert kept in ([1, 2, 3], list(range(1, 9)))
