from __future__ import annotations

import contextlib
import io
import logging
import os
import signal
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import ddpm_studio as ds
from ddpm_studio.api import job_runner
from ddpm_studio.jobs import train as train_job
from ddpm_studio.jobs.events import Notice, Progress
from ddpm_studio.requests import PrepareOptions, TrainRequest

TINY: dict[str, Any] = {"batch_size": 2, "timesteps": 20, "sample_count": 0, "device": "cpu"}


def weights(run: Path) -> list[bytes]:
    return [file.read_bytes() for file in sorted(run.glob("checkpoints/*/*.safetensors"))]


def test_a_training_is_that_of_the_job(pictures: Path, tmp_path: Path) -> None:
    run = ds.train(pictures, run=tmp_path / "own", steps=2, seed=3, image_size=8, **TINY)
    request = TrainRequest(steps=2, seed=3, **TINY)
    ds.finish(train_job([pictures], tmp_path / "job", request, PrepareOptions(image_size=8)))
    assert run.path == tmp_path / "own"
    assert weights(run.path) == weights(tmp_path / "job")


def test_classes_are_named(class_folder: Path, tmp_path: Path) -> None:
    options = {**TINY, "class_conditional": True}
    run = ds.train([class_folder], run=tmp_path / "run", steps=1, **options)
    named = run.sample(1, class_label="dark", sampler="ddim", steps=2)
    number = sorted(path.name for path in class_folder.iterdir()).index("dark")
    assert np.array_equal(named, run.sample(1, class_label=number, sampler="ddim", steps=2))
    with pytest.raises(ds.StudioError, match="no class cat"):
        run.sample(1, class_label="cat")


def test_a_run_goes_on_with_its_own_settings(pictures: Path, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    ds.train(pictures, run=folder, steps=1, **TINY)
    with pytest.raises(ds.StudioError, match=r"ema_decay 0\.9999, which can't become 0\.5"):
        ds.train(run=folder, resume=True, ema_decay=0.5)
    with pytest.raises(ds.StudioError, match="holds a run already"):
        ds.train(pictures, run=folder)
    assert ds.train(run=folder, resume=True, steps=2, warmup_steps=None).checkpoints[-1] == 2


def test_what_can_not_be_is_refused(pictures: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    with pytest.raises(ds.StudioError, match="nothing to train on"):
        ds.train(run=run)
    with pytest.raises(TypeError, match="'step'; it takes preset, steps"):
        ds.train(pictures, run=run, step=3)
    with pytest.raises(ds.StudioError, match="has its network"):
        ds.train(run=run, resume=True, start_from=run)
    with pytest.raises(ds.StudioError, match="minutes: the length is in steps already"):
        ds.train(pictures, run=run, steps=3, minutes=1)
    assert not run.exists()


def test_ctrl_c_saves_and_raises(
    pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from ddpm_studio.engine import Trainer

    step = Trainer.step

    def stopped(self: Trainer) -> Any:
        if self.step_number == 2:
            os.kill(os.getpid(), signal.SIGINT)
        return step(self)

    monkeypatch.setattr(Trainer, "step", stopped)
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with pytest.raises(KeyboardInterrupt, match=r"step 3 is saved in .* resume=True"):
            ds.train(pictures, run=tmp_path / "run", steps=1000, **TINY)
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    finally:
        signal.signal(signal.SIGINT, before)
    assert ds.open(tmp_path / "run").checkpoints == (3,)


def test_a_second_ctrl_c_is_not_held() -> None:
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with job_runner._defer_interrupt() as noted:
            os.kill(os.getpid(), signal.SIGINT)
            assert noted.wait(10)
            with pytest.raises(KeyboardInterrupt):
                os.kill(os.getpid(), signal.SIGINT)
    finally:
        signal.signal(signal.SIGINT, before)


def test_where_nobody_looks_no_bar_is_shown_and_notices_are_logged(
    caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    def job() -> Any:
        yield Progress(1, 2, "Working")
        yield Notice("Mind this.")
        return 5

    with caplog.at_level(logging.WARNING, "ddpm_studio"):
        assert job_runner.run_job(job(), True) == 5
    assert [record.getMessage() for record in caplog.records] == ["Mind this."]
    assert capsys.readouterr().err == ""


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize("progress", [True, False])
def test_a_terminal_gets_a_bar_unless_it_is_silenced(
    monkeypatch: pytest.MonkeyPatch, progress: bool
) -> None:
    def job() -> Any:
        yield Progress(1, 2, "Working")

    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    job_runner.run_job(job(), progress)
    assert ("1 of 2 steps" in terminal.getvalue()) == progress


def test_a_program_without_a_console_gets_no_bar(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", None)
    assert isinstance(job_runner.choose_display(True), job_runner.LogDisplay)


class Handle:
    """Stand-in for IPython's display handle, which records what is shown."""

    def __init__(self) -> None:
        self.shown: list[dict[str, str]] = []

    def __call__(self, bundle: dict[str, str], *, raw: bool, display_id: bool) -> Handle:
        assert raw
        assert display_id
        return self

    def update(self, bundle: dict[str, str], *, raw: bool) -> None:
        assert raw
        self.shown.append(bundle)


def test_a_notebook_gets_a_bar_in_its_cell(monkeypatch: pytest.MonkeyPatch) -> None:
    def job() -> Any:
        for done in range(1, 101):
            yield Progress(done, 100, "<Working>")

    handle = Handle()
    monkeypatch.setattr(job_runner, "notebook_show", lambda: handle)
    job_runner.run_job(job(), True)
    first, *_, last, gone = handle.shown
    assert first["text/plain"] == "<Working>: 1 of 100 steps"
    assert "&lt;Working&gt;" in first["text/html"]
    assert '<progress value="100" max="100">' in last["text/html"]
    assert set(gone.values()) == {""}
    # Throttled: the events came within a few milliseconds of each other.
    assert len(handle.shown) < 50


def test_finish_closes_what_it_runs() -> None:
    ended = []

    def job() -> Any:
        with contextlib.closing(io.StringIO()):
            try:
                yield 1
                yield 2
            finally:
                ended.append(True)

    def stop(_: int) -> None:
        raise ValueError("enough")

    with pytest.raises(ValueError, match="enough"):
        ds.finish(job(), stop)
    assert ended == [True]


def test_a_student_from_python(run: Path, tmp_path: Path) -> None:
    opened = ds.open(run, progress=False)
    words: dict[str, Any] = {"batch_size": 2, "device": "cpu", "sample_count": 0}
    student = opened.distill(tmp_path / "student", steps=2, **words)
    assert student.info.student is not None
    assert student.info.student.teacher == str(run.resolve())
    assert student.checkpoints == (2,)
    again = opened.distill(student.path, resume=True, steps=3, device="cpu")
    assert again.checkpoints[-1] == 3
    drawing = student.sample(2, device="cpu")
    request = drawing.recipe["request"]
    assert isinstance(request, dict)
    assert request["sampler"] == "consistency"
    with pytest.raises(ds.StudioError, match="minutes: the length is in steps already"):
        opened.distill(tmp_path / "other", steps=2, minutes=1)
    with pytest.raises(TypeError, match="unexpected keyword argument 'preset'"):
        opened.distill(tmp_path / "other", preset="tiny")
