from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
import torch

from ddpm_studio.engine import UNetConfig
from ddpm_studio.errors import StudioError, is_out_of_memory
from ddpm_studio.requests import PrepareOptions
from ddpm_studio.runs import RunFolder, RunInfo, metrics
from ddpm_studio.runs.atomic import atomic_folder, write_bytes
from ddpm_studio.runs.checkpoint import Checkpoint, prune
from ddpm_studio.runs.info import DataInfo, ProcessInfo
from tests.jobs.memory import KINDS, FailingAllocation

INFO = RunInfo(network={}, process=ProcessInfo(schedule="linear", timesteps=10))


def test_a_folder_appears_whole_or_not_at_all(tmp_path: Path) -> None:
    def fail_halfway() -> None:
        with atomic_folder(tmp_path / "a") as folder:
            (folder / "half").write_text("x")
            raise RuntimeError("power cut")

    with pytest.raises(RuntimeError, match="power"):
        fail_halfway()
    assert list(tmp_path.iterdir()) == []
    with atomic_folder(tmp_path / "a") as folder:
        (folder / "file").write_text("new")
        assert not (tmp_path / "a").exists()
    assert (tmp_path / "a/file").read_text() == "new"
    assert [entry.name for entry in tmp_path.iterdir()] == ["a"]


def test_a_file_is_replaced_as_a_whole(tmp_path: Path) -> None:
    file = tmp_path / "f"
    write_bytes(file, b"old")
    write_bytes(file, b"new")
    assert file.read_bytes() == b"new"
    assert [entry.name for entry in tmp_path.iterdir()] == ["f"]


def test_a_checkpoint_comes_back_and_its_damage_is_seen(tmp_path: Path) -> None:
    tensors = {"w": torch.arange(6.0).reshape(2, 3), "n": torch.tensor(3)}
    saved = Checkpoint.save(tmp_path, 7, {"model": tensors}, {"loss": 0.5})
    assert saved.path.name == "step-00000007"
    found = Checkpoint.find_all(tmp_path)
    assert [c.step for c in found] == [7]
    loaded = found[0].load("model")
    assert all(torch.equal(loaded[key], value) for key, value in tensors.items())
    file = saved.path / "model.safetensors"
    content = bytearray(file.read_bytes())
    content[-1] ^= 1
    file.write_bytes(content)
    with pytest.raises(StudioError, match="not what was written"):
        saved.load("model")
    (saved.path / "state.json").write_text("{")
    with pytest.raises(StudioError, match=r"state\.json can't be read"):
        saved.load("model")


@pytest.mark.parametrize("kind", KINDS)
def test_too_little_memory_is_not_taken_for_damage(tmp_path: Path, kind: str) -> None:
    tensors = {"w": torch.arange(6.0), "n": torch.tensor([3])}
    checkpoint = Checkpoint.save(tmp_path, 7, {"model": tensors}, {})
    counting = FailingAllocation()
    with counting:
        checkpoint.load("model")
    for at in range(1, counting.count + 1):
        with pytest.raises(RuntimeError) as caught, FailingAllocation(at, kind):
            checkpoint.load("model")
        assert is_out_of_memory(caught.value)


def test_the_ladder_keeps_the_newest_and_fewer_of_the_old() -> None:
    checkpoints = [Checkpoint(step, Path(str(step))) for step in range(100, 10_100, 100)]
    removed = {c.step for c in prune(checkpoints)}
    kept = [c.step for c in checkpoints if c.step not in removed]
    assert kept[-3:] == [9800, 9900, 10_000]
    assert len(kept) < 15
    assert kept[0] == 100, "the first one stays too"


def test_metrics_survive_a_line_that_was_cut_off(tmp_path: Path) -> None:
    file = tmp_path / "metrics.jsonl"
    metrics.append(file, [{"step": k, "loss": k / 10} for k in (1, 2, 3)])
    with file.open("a") as stream:
        stream.write('{"step":4,"lo')
    assert [line["step"] for line in metrics.read(file)] == [1, 2, 3]
    metrics.truncate(file, 2)
    metrics.append(file, [{"step": 3, "loss": 0.9}])
    assert [json.loads(line)["step"] for line in file.open()] == [1, 2, 3]


def test_a_full_folder_is_not_taken(tmp_path: Path) -> None:
    (tmp_path / "precious").write_text("mine")
    with pytest.raises(StudioError, match="not empty"):
        RunFolder.create(tmp_path, INFO)
    assert [entry.name for entry in tmp_path.iterdir()] == ["precious"]


def with_sources(count: int) -> RunInfo:
    """Info of a run that was trained on so many named files, of paths as long as usual."""
    sources = tuple(f"/home/someone/pictures/celeba/img_align/{k:07}.jpg" for k in range(count))
    data = DataInfo(sources=sources, fingerprint="0", count=count, options=PrepareOptions())
    network = UNetConfig.tiny(16, 3).to_dict()
    return INFO.model_copy(update={"network": network, "data": data})


def test_a_run_of_very_many_named_files_is_opened_again(tmp_path: Path) -> None:
    info = with_sources(202_599)
    RunFolder.create(tmp_path / "run", info)
    assert RunFolder.open(tmp_path / "run").info.data == info.data


def test_a_run_that_could_not_be_opened_again_is_not_begun(tmp_path: Path) -> None:
    with pytest.raises(StudioError, match=r"too long .* 1,000,000 sources") as caught:
        RunFolder.create(tmp_path / "run", with_sources(1_000_000))
    assert "Name the folder of the pictures" in str(caught.value)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "content",
    ["", "[]", "{}", '{"format_version": 2}', '{"network": 3}', "null", "\x00" * 100],
)
def test_a_damaged_run_json_is_refused_on_one_line(tmp_path: Path, content: str) -> None:
    (tmp_path / "run.json").write_text(content)
    with pytest.raises(StudioError) as caught:
        RunFolder.open(tmp_path)
    assert "\n" not in str(caught.value)


def test_an_impossible_network_is_refused(tmp_path: Path) -> None:
    info = INFO.model_copy(update={"network": {"image_size": 30, "channel_mult": [1, 2, 2]}})
    (tmp_path / "run.json").write_text(info.model_dump_json())
    with pytest.raises(StudioError, match="multiple of 4"):
        RunFolder.open(tmp_path)


def test_a_folder_keeps_its_name_when_its_replacement_can_not_take_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with atomic_folder(tmp_path / "a") as folder:
        (folder / "x").write_text("old")
    rename = os.rename

    def refused(old: Path, new: Path) -> None:
        if new == tmp_path / "a" and ".writing-" in old.name:
            raise PermissionError("open elsewhere")
        rename(old, new)

    monkeypatch.setattr(os, "rename", refused)
    with pytest.raises(PermissionError), atomic_folder(tmp_path / "a") as folder:
        (folder / "x").write_text("new")
    assert (tmp_path / "a" / "x").read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["a"]
