"""Data preparation shared by the first ranks of two machines, simulated on one."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import psutil
import pytest

from ddpm_studio.data import Dataset, prepare, preparing
from ddpm_studio.data.decoding import decode_pool
from ddpm_studio.data.decoding.decode_pool import DecodePool
from ddpm_studio.engine.generators import finish
from ddpm_studio.errors import StudioError
from ddpm_studio.jobs.machine.ranks.preparing import SharedPreparing, prepare_on_all_ranks
from ddpm_studio.jobs.machine.ranks.rank_plan import RankPlan
from ddpm_studio.jobs.machine.ranks.team import Team
from ddpm_studio.jobs.training.rank_state import TRAIN
from ddpm_studio.paths import cache_dir
from ddpm_studio.rank_flag import LAUNCHED_BY_TORCHRUN
from ddpm_studio.requests import PrepareOptions
from tests.cli.conftest import Other, write_pictures

OPTIONS = PrepareOptions(image_size=12)


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """Seventy valid pictures, a truncated one, an empty file and a text file."""
    folder = write_pictures(tmp_path / "many", 70)
    whole = (folder / "003.png").read_bytes()
    (folder / "cut.png").write_bytes(whole[: len(whole) // 2])
    (folder / "empty.png").write_bytes(b"")
    (folder / "notes.txt").write_text("no picture")
    return folder


@pytest.fixture
def asked_there(monkeypatch: pytest.MonkeyPatch, own_folders: None) -> list[int]:
    """Make the other machine decode all pictures; return the number of pictures of each batch."""
    numbers: list[int] = []
    request_decode, ready, new_assistants = (
        decode_pool._AssistantWorker.request_decode,
        DecodePool.ready,
        SharedPreparing.new_assistants,
    )

    def noted(self: decode_pool._AssistantWorker, asked: list, *rest: object) -> object:
        numbers.append(len(asked))
        return request_decode(self, asked, *rest)  # type: ignore[arg-type]

    def none_idle(self: DecodePool) -> bool:
        started = ready(self)
        while self._new_assistants is not None and not self._idle.empty():
            self._idle.get()
        return started

    def awaited(self: SharedPreparing) -> object:
        found = new_assistants(self)
        while not found and self._awaited:
            found = new_assistants(self)
        return found

    monkeypatch.setattr(preparing, "_POOL_MIN_BYTES", 0)
    monkeypatch.setattr(decode_pool._AssistantWorker, "request_decode", noted)
    monkeypatch.setattr(DecodePool, "ready", none_idle)
    monkeypatch.setattr(SharedPreparing, "new_assistants", awaited)
    return numbers


@contextmanager
def _two_machines(
    other_rank: Other, pictures: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[Team, subprocess.Popen[str]]]:
    monkeypatch.setenv("LOCAL_RANK", "0")
    monkeypatch.setenv("LOCAL_WORLD_SIZE", "1")
    other = other_rank("train", pictures, "--run", "nowhere", "--device", "cpu")
    with RankPlan.of(LAUNCHED_BY_TORCHRUN, "cpu").launched(TRAIN) as team:
        assert team is not None
        yield team, other


def _prepared(team: Team, pictures: Path) -> Dataset:
    return finish(prepare_on_all_ranks(team, [pictures], OPTIONS, 1))


def _files(cache: Path) -> dict[str, bytes]:
    """Return the cache's files by relative path, except its notes of modification times."""
    files = (file for file in cache.rglob("*") if file.is_file() and file.parent.name != "quick")
    return {file.relative_to(cache).as_posix(): file.read_bytes() for file in files}


def test_the_bytes_are_those_of_one_machine(
    pictures: Path,
    other_rank: Other,
    asked_there: list[int],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    alone = finish(prepare([pictures], OPTIONS, cache=tmp_path / "alone"))
    assert not asked_there
    with _two_machines(other_rank, pictures, monkeypatch) as (team, other):
        shared = _prepared(team, pictures)
    assert other.communicate(timeout=150) == ("", "")
    assert other.returncode == 0
    assert sum(asked_there) >= 73
    assert shared.fingerprint == alone.fingerprint
    assert np.array_equal(shared.images, alone.images)
    assert shared.report == alone.report
    assert len(shared) == 70
    assert _files(cache_dir()) == _files(tmp_path / "alone")


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
def test_a_machine_that_fails_is_told_of_and_nothing_is_left(
    pictures: Path,
    other_rank: Other,
    asked_there: list[int],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    new_assistants = SharedPreparing.new_assistants

    def killed(self: SharedPreparing) -> object:
        found = new_assistants(self)
        if found:
            for process in psutil.Process(other.pid).children():
                process.kill()
        return found

    with _two_machines(other_rank, pictures, monkeypatch) as (team, other):
        monkeypatch.setattr(SharedPreparing, "new_assistants", killed)
        with pytest.raises(StudioError, match=r"^Rank 1 on .* stopped: A process that prepares"):
            _prepared(team, pictures)
        assert other.wait(150) == 1
    assert not _files(cache_dir())


def test_a_machine_that_finds_other_files_does_not_help(
    pictures: Path, other_rank: Other, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(preparing, "_POOL_MIN_BYTES", 0)
    monkeypatch.setenv("DDPM_STUDIO_CACHE", str(tmp_path / "cache"))
    key = preparing.key_of_files([pictures], OPTIONS, 1)
    with _two_machines(other_rank, pictures, monkeypatch) as (team, other):
        assistance = SharedPreparing(team, [pictures], OPTIONS, 1)
        assistance.invite("of other files")
        while not team.store.check(["there/1"]):
            assert other.poll() is None
        assert not assistance.new_assistants()
    assert preparing.key_of_files([pictures], OPTIONS, 1) == key
    (pictures / "004.png").write_bytes((pictures / "005.png").read_bytes() + b" ")
    assert preparing.key_of_files([pictures], OPTIONS, 1) != key
