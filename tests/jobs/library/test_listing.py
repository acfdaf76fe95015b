from __future__ import annotations

import shutil
import time
from pathlib import Path

import pytest

from ddpm_studio.errors import StudioError
from ddpm_studio.jobs import export_diffusers
from ddpm_studio.jobs.library.gallery import find_runs
from ddpm_studio.jobs.library.listing import list_runs, run_settings
from ddpm_studio.runs import RunFolder
from ddpm_studio.runs.notes import Notes, write_notes
from tests.jobs.conftest import REQUEST, finish


def test_runs_are_found_and_what_is_none_is_passed_over(run: Path, tmp_path: Path) -> None:
    shutil.copytree(run, tmp_path / "one")
    write_notes(tmp_path / "one", Notes(("good",), "flat"))
    (tmp_path / "empty").mkdir()
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "run.json").write_text("{")
    # Like a folder without read permission, but for root too: reading it raises an OSError.
    shut = tmp_path / "shut"
    shut.symlink_to("x" * 300)
    shutil.copytree(run, tmp_path / "half-shut", ignore=shutil.ignore_patterns("*.jsonl"))
    shutil.rmtree(tmp_path / "half-shut" / "checkpoints")
    (tmp_path / "half-shut" / "checkpoints").symlink_to("x" * 300)
    entries = finish(list_runs([tmp_path, tmp_path / "missing"], also=[run, shut]))[1]
    assert set(find_runs(tmp_path, [run])) >= {tmp_path / "one", run}
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
    copy = tmp_path / "copy"
    shutil.copytree(run, copy)
    (copy / "run.json").write_text(other.model_dump_json())
    first, second = run_settings(run), run_settings(copy)
    assert list(first) == list(second)
    title = type(info.request).model_fields["learning_rate"].title
    assert [key for key in first if first[key] != second[key]] == [title]
    assert second[str(title)] == "0.5"
    with pytest.raises(StudioError):
        run_settings(tmp_path / "missing")


def test_settings_that_a_base_brought_are_told_as_it_had_them(run: Path, tmp_path: Path) -> None:
    """A fine-tuning of an imported model records the settings asked for, which have no effect."""
    copy = tmp_path / "copy"
    shutil.copytree(run, copy)
    info = RunFolder.open(run).info
    assert info.request is not None
    betas = tuple(info.process.noise_schedule().betas.tolist())
    process = info.process.model_copy(update={"schedule": "betas", "betas": betas})
    request = info.request.model_copy(update={"preset": "patches", "schedule": "cosine"})
    changed = {"process": process, "request": request, "start_from": "imported"}
    (copy / "run.json").write_text(info.model_copy(update=changed).model_dump_json())
    settings = run_settings(copy)
    assert (settings["Network"], settings["Noise schedule"]) == ("–", "betas")
    (entry,) = finish(list_runs([tmp_path]))[1]
    assert entry.preset is None
    finish(export_diffusers(copy, tmp_path / "pipe"))
    card = (tmp_path / "pipe" / "README.md").read_text(encoding="utf-8")
    assert "| Noise schedule | betas |" in card
    assert "| Network |" not in card


def test_settings_tell_the_local_time_and_the_steps_trained_and_not_only_those_asked_for(
    run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not hasattr(time, "tzset"):
        pytest.skip("the zone can't be set here")
    monkeypatch.setenv("TZ", "IST-5:30")
    time.tzset()
    copy = tmp_path / "copy"
    shutil.copytree(run, copy)
    info = RunFolder.open(run).info
    later = info.model_copy(update={"created": "2026-11-25T20:03:07+00:00"})
    (copy / "run.json").write_text(later.model_dump_json())
    try:
        assert run_settings(copy)["Created"] == "2026-11-26 01:33"
        assert run_settings(copy)["Steps"] == f"{REQUEST.steps:,} of {REQUEST.steps:,}"
        with (copy / "metrics.jsonl").open("a") as lines:
            lines.write('{"step": 1186, "loss": 0.5}\n')
        assert run_settings(copy)["Steps"] == "1,186"
        (copy / "metrics.jsonl").write_text('{"step": 1, "loss": 0.5}\n')
        assert run_settings(copy)["Steps"] == f"1 of {REQUEST.steps:,}"
    finally:
        monkeypatch.undo()
        time.tzset()
