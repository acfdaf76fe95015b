"""Ready models: their names, and the folder of the user's additions to them."""

from __future__ import annotations

from pathlib import Path

import pytest

from ddpm_studio import paths
from ddpm_studio.errors import StudioError
from ddpm_studio.runs import evaluations, moving
from ddpm_studio.runs.evaluations import RecordedEvaluation
from ddpm_studio.runs.measurement import Measurement
from ddpm_studio.runs.notes import Notes, read_notes, write_notes
from ddpm_studio.runs.ready import is_ready, ready_runs, resolve_run, user_files_folder


@pytest.fixture
def models(own_folders: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with two ready models, an unfinished one and an empty folder."""
    folder = tmp_path / "models"
    monkeypatch.setenv("DDPM_STUDIO_MODELS", str(folder))
    for name in ("a", "b", ".writing-c-1"):
        (folder / name).mkdir(parents=True)
        (folder / name / "run.json").touch()
    (folder / "empty").mkdir()
    return folder


def test_names(models: Path, tmp_path: Path) -> None:
    assert ready_runs() == [models / "a", models / "b"]
    assert resolve_run("ready:a") == models / "a"
    assert resolve_run(Path("ready:b")) == models / "b"
    assert resolve_run("runs/first") == Path("runs/first")
    for wrong in ("ready:c", "ready:", "ready:../models/a", "ready:.writing-c-1"):
        with pytest.raises(StudioError, match=r"There are: ready:a, ready:b\."):
            resolve_run(wrong)


def test_none_ship(own_folders: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DDPM_STUDIO_MODELS", str(tmp_path / "missing"))
    assert ready_runs() == []
    with pytest.raises(StudioError, match=r"There are: none\."):
        resolve_run("ready:a")


def test_only_a_folder_of_models_is_ready(
    models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = tmp_path / "runs" / "a"
    other.mkdir(parents=True)
    monkeypatch.chdir(models / "a")
    assert is_ready(models / "a")
    assert is_ready(Path())
    assert not is_ready(other)
    assert not is_ready(models)
    assert not is_ready(models / ".writing-c-1")
    link = tmp_path / "runs" / "b"
    link.symlink_to(models / "b")
    assert is_ready(link)
    assert user_files_folder(other) == other
    assert (
        user_files_folder(Path())
        == user_files_folder(models / "a")
        == paths.config_dir() / "models" / "a"
    )


def test_what_a_person_adds_lies_beside_the_settings(models: Path) -> None:
    run = models / "a"
    write_notes(run, Notes(("tag",), "text"))
    assert read_notes(run) == Notes(("tag",), "text")
    asked = Measurement(run, {"count": 2})
    asked.write({"result": 3})
    assert Measurement(run, {"count": 2}).read()["result"] == 3
    one = RecordedEvaluation(1, "now", 2, 2, 0, "pixels", {}, {"frechet": 1.0}, {})
    evaluations.append(run, one)
    assert evaluations.read(run) == [one]
    assert [path.name for path in run.iterdir()] == ["run.json"]
    assert (run / "run.json").read_bytes() == b""


def test_one_is_neither_renamed_nor_deleted(models: Path) -> None:
    run = models / "a"
    told = moving.extent(run)
    with pytest.raises(StudioError, match="a ships with the program and stays where it is"):
        moving.rename(run, "other")
    with pytest.raises(StudioError, match="Copy its folder"):
        moving.delete(run, told)
    assert run.is_dir()
