from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from ddpm_studio.errors import StudioError
from ddpm_studio.jobs.listing import list_runs, run_settings
from ddpm_studio.runs import RunFolder
from ddpm_studio.runs.notes import Notes, write_notes
from tests.jobs.conftest import REQUEST, finish


def test_runs_are_found_and_what_is_none_is_passed_over(run: Path, tmp_path: Path) -> None:
    shutil.copytree(run, tmp_path / "one")
    write_notes(tmp_path / "one", Notes(("good",), "flat"))
    (tmp_path / "empty").mkdir()
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "run.json").write_text("{")
    entries = finish(list_runs([tmp_path, tmp_path / "missing"], also=[run]))[1]
    assert {entry.path for entry in entries} == {tmp_path / "one", run}
    noted = next(entry for entry in entries if entry.path == tmp_path / "one")
    assert noted.notes == Notes(("good",), "flat")
    assert (noted.step, noted.preset, noted.image_size) == (REQUEST.steps, REQUEST.preset, 16)
    *_, last = RunFolder.open(run).metrics()
    assert noted.last_loss == last["loss"]


def test_settings_of_two_runs_differ_where_they_were_asked_to(run: Path, tmp_path: Path) -> None:
    info = RunFolder.open(run).info
    assert info.request is not None
    asked = info.request.model_copy(update={"learning_rate": 0.5})
    other = info.model_copy(update={"request": asked})
    (tmp_path / "run.json").write_text(other.model_dump_json())
    first, second = run_settings(run), run_settings(tmp_path)
    assert list(first) == list(second)
    title = type(info.request).model_fields["learning_rate"].title
    assert [key for key in first if first[key] != second[key]] == [title]
    assert second[str(title)] == "0.5"
    with pytest.raises(StudioError):
        run_settings(tmp_path / "missing")
