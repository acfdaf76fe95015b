"""Recovery of a training: full disks, out of memory, loss spikes, missing or damaged files."""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Callable, Generator, Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from ddpm_studio.engine import DiffusionProcess, Trainer
from ddpm_studio.errors import StudioError
from ddpm_studio.jobs import train
from ddpm_studio.jobs.events import (
    CheckpointSaved,
    Notice,
    Progress,
    RunStarted,
    SampleGrid,
    SavingFailed,
    TrainStep,
)
from ddpm_studio.jobs.training import (
    batching,
    data_guard,
    loss_spikes,
    saving,
    training_log,
    training_loop,
)
from ddpm_studio.jobs.training.data_guard import DataGuard
from ddpm_studio.jobs.training.fallback_folder import FallbackFolder
from ddpm_studio.jobs.training.loss_spikes import SpikeDetector
from ddpm_studio.requests import PrepareOptions
from ddpm_studio.runs import RunFolder, atomic, journal
from tests.jobs.conftest import REQUEST, finish
from tests.jobs.memory import FailingAllocation
from tests.jobs.training.test_training import _files

Job = Generator[Any, None, Any]


def start(pictures: Path, run: Path, spare: FallbackFolder | None = None, **changes: object) -> Job:
    request = REQUEST.model_copy(update=changes)
    resume = (run / "run.json").exists()
    return train([pictures], run, request, PrepareOptions(), resume=resume, spare=spare)


def until(job: Job, found: Callable[[Any], bool]) -> list[Any]:
    events = []
    for event in job:
        events.append(event)
        if found(event):
            return events
    raise AssertionError("the job ended before")


def at_step(step: int) -> Callable[[Any], bool]:
    return lambda event: (
        isinstance(event, Progress) and event.text == "Training" and event.done == step
    )


@pytest.fixture
def full_disk(monkeypatch: pytest.MonkeyPatch) -> Callable[[bool], None]:
    """Return a switch for a full disk: writes to run folders fail, after a few bytes of a file."""
    write, append = atomic.write_file, atomic.append

    def refuse(path: Path, chunks: Iterable[Any]) -> None:
        write(path, [bytes(next(iter(chunks)))[:10]])
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))

    def refuse_more(path: Path, content: bytes) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))

    def switch(full: bool) -> None:
        monkeypatch.setattr(atomic, "write_file", refuse if full else write)
        monkeypatch.setattr(atomic, "append", refuse_more if full else append)

    monkeypatch.setattr(saving, "_FIRST_RETRY_SECONDS", 0.0)
    return switch


def test_a_full_disk_does_not_stop_training(
    pictures: Path, tmp_path: Path, full_disk: Callable[[bool], None]
) -> None:
    run = tmp_path / "run"
    job = start(pictures, run, steps=8, checkpoint_every=2, sample_count=0)
    until(job, lambda event: isinstance(event, CheckpointSaved))
    full_disk(True)
    events = until(job, at_step(6))
    (told,) = [event for event in events if isinstance(event, SavingFailed)]
    assert "No space left" in told.text
    assert "goes on" in told.text
    assert [c.step for c in RunFolder.open(run).checkpoints()] == [2]
    assert not list(run.rglob(".writing-*"))
    full_disk(False)
    events, result = finish(job)
    assert [e.step for e in events if isinstance(e, CheckpointSaved)] == [6, 8]
    assert any(isinstance(e, Notice) and "saved" in e.text for e in events)
    assert result.step == 8
    lines = [json.loads(line) for line in (run / "metrics.jsonl").open()]
    assert [line["step"] for line in lines] == list(range(1, 9))
    finish(start(pictures, tmp_path / "through", steps=8, sample_count=0))
    assert _files(run, 8) == _files(tmp_path / "through", 8)


def test_the_last_step_waits_for_room(
    pictures: Path, tmp_path: Path, full_disk: Callable[[bool], None]
) -> None:
    run = tmp_path / "run"
    job = start(pictures, run, sample_count=0)
    until(job, at_step(4))
    full_disk(True)
    until(job, lambda event: isinstance(event, Progress) and event.text == "Waiting to save")
    full_disk(False)
    _, result = finish(job)
    assert result.step == 4


def test_what_can_not_be_saved_at_the_end_is_an_error(
    pictures: Path,
    tmp_path: Path,
    full_disk: Callable[[bool], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("DDPM_STUDIO_RUNS", str(tmp_path / "runs"))
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    job = start(pictures, tmp_path / "run")
    until(job, at_step(2))
    full_disk(True)
    with pytest.raises(StudioError, match="Step 2 can't be saved: No space left"):
        job.close()
    assert not [*(tmp_path / "runs").glob("*"), *(tmp_path / "home").glob("*")]


def test_steps_of_a_run_whose_folder_is_gone_are_saved_among_the_runs_at_the_end(
    pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DDPM_STUDIO_RUNS", str(tmp_path / "runs"))
    run = tmp_path / "there" / "run"
    job = start(pictures, run, steps=8, checkpoint_every=2, sample_count=0)
    until(job, at_step(5))
    run.parent.rename(tmp_path / "gone")
    with pytest.raises(StudioError, match="Step 5 can't be saved") as caught:
        job.close()
    saved = tmp_path / "runs" / "run"
    assert str(saved) in caught.value.remedy
    assert [c.step for c in RunFolder.open(saved).checkpoints()] == [5]
    assert not run.parent.exists()
    finish(start(pictures, saved, steps=8))
    finish(start(pictures, tmp_path / "through", steps=8))
    assert _files(saved, 8) == _files(tmp_path / "through", 8)


def test_a_vanished_folder_is_not_made_anew_and_the_run_goes_on_elsewhere(
    pictures: Path, tmp_path: Path
) -> None:
    run, gone = tmp_path / "there" / "run", tmp_path / "gone"
    spare = FallbackFolder()
    job = start(pictures, run, spare, steps=8, checkpoint_every=2, sample_every=3)
    until(job, lambda event: isinstance(event, CheckpointSaved))
    run.parent.rename(gone)
    events = until(job, lambda event: isinstance(event, SavingFailed))
    assert "gone" in events[-1].text
    assert not run.parent.exists()
    spare.folder = tmp_path / "spare"
    events, result = finish(job)
    assert any(isinstance(e, SampleGrid) for e in events), "samples are shown, if not kept"
    assert result.run == tmp_path / "spare" / "run"
    assert [e.run for e in events if isinstance(e, RunStarted)] == [result.run]
    finish(start(pictures, tmp_path / "through", steps=8))
    assert _files(result.run, 8) == _files(tmp_path / "through", 8)
    assert not journal.interrupted()
    gone.rename(run.parent)
    assert [c.step for c in RunFolder.open(run).checkpoints()] == [2]


def test_closing_saves_elsewhere_if_that_was_wished(
    pictures: Path, tmp_path: Path, full_disk: Callable[[bool], None]
) -> None:
    run = tmp_path / "there" / "run"
    job = start(pictures, run, FallbackFolder(tmp_path / "spare"))
    until(job, at_step(3))
    run.parent.rename(tmp_path / "gone")
    job.close()
    assert RunFolder.open(tmp_path / "spare" / "run").newest().step == 3


@pytest.mark.parametrize("site", ["forward", "backward", "optimiser"])
def test_out_of_memory_pauses_whole(
    pictures: Path, tmp_path: Path, site: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = tmp_path / "run"
    job = start(pictures, run, steps=6, checkpoint_every=2, sample_count=0)
    until(job, at_step(3))
    refuse = torch.OutOfMemoryError("CUDA out of memory.")

    def fail(*_: object, **__: object) -> None:
        raise refuse

    with pytest.MonkeyPatch.context() as patch:
        target = {
            "forward": (torch.nn.functional, "conv2d"),
            "backward": (torch.Tensor, "backward"),
            "optimiser": (torch.optim.Adam, "step"),
        }[site]
        patch.setattr(*target, fail)
        with pytest.raises(StudioError, match="not enough memory for step 4") as caught:
            finish(job)
    # A step interrupted in the optimiser leaves an inconsistent state.
    kept = 2 if site == "optimiser" else 3
    assert f"saved at step {kept}" in caught.value.cause
    assert "smaller batch" in caught.value.remedy
    assert RunFolder.open(run).newest().step == kept
    assert [entry.run for entry in journal.interrupted()] == [run], "offered at the next start"
    finish(start(pictures, run, steps=6))
    finish(start(pictures, tmp_path / "through", steps=6, sample_count=0))
    assert _files(run, 6) == _files(tmp_path / "through", 6)


def test_out_of_memory_for_samples_is_told_and_training_goes_on(
    pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from ddpm_studio.jobs.training import previews

    def fail(*_: object) -> None:
        raise torch.OutOfMemoryError("CUDA out of memory.")

    monkeypatch.setattr(previews, "Evaluator", fail)
    events, result = finish(start(pictures, tmp_path / "run", sample_every=1))
    told = [event.text for event in events if isinstance(event, Notice) and "samples" in event.text]
    assert len(told) == 1
    assert "not enough memory" in told[0]
    assert result.step == 4


def test_a_lost_gpu_keeps_the_last_checkpoint_and_says_to_start_again(
    pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = tmp_path / "run"
    job = start(pictures, run, steps=6, checkpoint_every=2, sample_count=0)
    until(job, at_step(3))

    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("CUDA error: unspecified launch failure")

    monkeypatch.setattr(torch.nn.functional, "conv2d", fail)
    # Everything that uses the device fails now, so nothing may use it.
    monkeypatch.setattr(Trainer, "optimizer_tensors", fail)
    with pytest.raises(StudioError, match="GPU stopped working at step 4") as caught:
        finish(job)
    assert "saved at step 2" in caught.value.cause
    assert "Start DDPM Studio again" in caught.value.remedy
    assert [(entry.run, entry.steps) for entry in journal.interrupted()] == [(run, 6)]


def test_weights_that_are_no_numbers_are_never_saved(pictures: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    with pytest.raises(StudioError, match="no longer a number"):
        finish(start(pictures, run, steps=40, learning_rate=1, warmup_steps=0, grad_clip=1e30))
    for checkpoint in RunFolder.open(run).checkpoints():
        assert all(bool(v.isfinite().all()) for v in checkpoint.load("model").values())
    job = start(pictures, tmp_path / "closed", steps=9)
    until(job, at_step(2))
    trainer_weights = _weights_of(job)
    trainer_weights.fill_(float("nan"))
    with pytest.raises(StudioError, match="no longer"):
        job.close()
    assert RunFolder.open(tmp_path / "closed").checkpoints() == []


def _weights_of(job: Job) -> torch.Tensor:
    """Return the data of the first parameter of the network in training."""
    first = next(iter(_loop_of(job).trainer.model.parameters()))
    assert isinstance(first, torch.Tensor)
    return first.data


def _loop_of(job: Job) -> Any:
    frame: Any = job
    while "loop" not in frame.gi_frame.f_locals:
        frame = frame.gi_yieldfrom
    return frame.gi_frame.f_locals["loop"]


def test_a_step_without_a_number_is_skipped_and_told(
    pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    q_sample = DiffusionProcess.q_sample
    steps = []

    def spoiled(self: DiffusionProcess, x0: Any, index: Any, noise: Any) -> torch.Tensor:
        steps.append(1)
        return q_sample(self, x0, index, noise) * (torch.nan if len(steps) in {2, 3} else 1)

    monkeypatch.setattr(DiffusionProcess, "q_sample", spoiled)
    events, result = finish(start(pictures, tmp_path / "run", sample_count=0))
    told = [event.text for event in events if isinstance(event, Notice)]
    assert "Step 3 changed nothing" in told[-1]
    assert "2 skipped so far" in told[-1]
    is_finite = [event.is_finite for event in events if isinstance(event, TrainStep)]
    assert is_finite == [True, False, False, True]
    assert np.isfinite(result.loss)
    newest = RunFolder.open(tmp_path / "run").newest()
    assert all(bool(v.isfinite().all()) for v in newest.load("model").values())


def test_a_batch_that_does_not_fit_is_halved_until_it_does(
    pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    conv2d = torch.nn.functional.conv2d

    def small(x: torch.Tensor, *rest: Any, **named: Any) -> torch.Tensor:
        if len(x) > 3 and torch.is_grad_enabled():
            raise torch.OutOfMemoryError("CUDA out of memory.")
        return conv2d(x, *rest, **named)

    monkeypatch.setattr(torch.nn.functional, "conv2d", small)
    run = tmp_path / "run"
    events, result = finish(start(pictures, run, batch_size=8, sample_count=0))
    told = _step_in_micro_batches(events)
    assert len(told) == 2, "8 to 4, 4 to 2; then it is known"
    assert "2 at once" in told[1]
    assert result.step == 4
    assert RunFolder.open(run).newest().state()["micro_batch"] == 2
    events, result = finish(start(pictures, run, steps=5))
    (told_later,) = _step_in_micro_batches(events)
    assert told_later == (
        "The memory did not suffice for 4 pictures at once: as before, 2 at once add up to the "
        "same batch."
    )


def test_the_first_batch_is_what_the_free_memory_suffices_for(
    pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batching, "free_bytes", lambda _: 1 << 20)
    events, _ = finish(start(pictures, tmp_path / "run", steps=1, batch_size=64, sample_count=0))
    (told,) = _step_in_micro_batches(events)
    assert "does not suffice for 64 pictures" in told


def _step_in_micro_batches(events: list[Any]) -> list[str]:
    texts = [event.text for event in events if isinstance(event, Notice)]
    return [text for text in texts if "at once" in text]


def test_a_full_disk_is_named_when_a_run_is_taken_up_again(
    pictures: Path, tmp_path: Path, full_disk: Callable[[bool], None]
) -> None:
    run = tmp_path / "run"
    finish(start(pictures, run, steps=2))
    full_disk(True)
    with pytest.raises(StudioError, match="can't be written to: No space left") as told:
        finish(start(pictures, run, steps=4))
    assert str(run) in told.value.cause
    full_disk(False)
    assert finish(start(pictures, run, steps=4))[1].step == 4


def test_a_spike_is_told_from_noise() -> None:
    rng = np.random.default_rng(0)
    watch = SpikeDetector()
    calm = 0.05 + 0.02 * rng.standard_exponential(2000)
    assert not any(watch.observe(float(loss)) for loss in calm)
    assert not watch.observe(30.0), "one hard batch is no spike"
    assert any(watch.observe(float(1 + loss)) for loss in calm[:20])
    watch.reset()
    falling = np.geomspace(1, 0.01, 2000)
    assert not any(watch.observe(float(loss)) for loss in falling)


def spoil_losses(
    monkeypatch: pytest.MonkeyPatch,
    when: Callable[[int, bool], bool],
    value: float = float("nan"),
) -> None:
    """Replace the losses of some steps by another value.

    ``when`` receives the number of the step, and whether training has gone back to a checkpoint
    before, which is recognised by its other seed.
    """
    step = Trainer.step

    def spoiled(self: Trainer) -> Any:
        result = step(self)
        if when(self.step_number, self.config.seed != REQUEST.seed):
            result.loss.fill_(value)
        return result

    monkeypatch.setattr(Trainer, "step", spoiled)


def test_training_returns_after_a_spike_and_the_way_back_is_the_same_each_time(
    pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(training_log, "_TICK_SECONDS", 0.0)
    monkeypatch.setattr(training_log, "_MAX_CONSECUTIVE_SKIPS", 1)
    spoil_losses(monkeypatch, lambda step, back: step == 5 and not back)
    ways: dict[str, Any] = {
        "steps": 8,
        "checkpoint_every": 3,
        "return_on_spike": True,
        "sample_count": 0,
    }
    events, result = finish(start(pictures, tmp_path / "a", **ways))
    told = [event.text for event in events if isinstance(event, Notice) and "back" in event.text]
    assert len(told) == 1
    assert "step 3" in told[0]
    assert result.step == 8
    lines = [json.loads(line) for line in (tmp_path / "a" / "metrics.jsonl").open()]
    assert [line["step"] for line in lines] == list(range(1, 9))
    job = start(pictures, tmp_path / "b", **ways)
    until(job, lambda event: isinstance(event, CheckpointSaved) and event.step == 6)
    job.close()
    finish(start(pictures, tmp_path / "b", **ways))
    assert _files(tmp_path / "a", 8) == _files(tmp_path / "b", 8)
    finish(start(pictures, tmp_path / "calm", **{**ways, "seed": 6}))
    assert _files(tmp_path / "a", 8) != _files(tmp_path / "calm", 8)


def test_training_returns_to_where_the_loss_had_not_leapt_yet(
    pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(training_log, "_TICK_SECONDS", 0.0)
    # The spike is detected at its second step of three, when the first is already saved.
    for key, value in (("_BASELINE_STEPS", 10), ("_RECENT_STEPS", 3), ("_MIN_BASELINE", 2)):
        monkeypatch.setattr(loss_spikes, key, value)
    monkeypatch.setattr(training_loop, "DETECTION_DELAY", 3)
    spoil_losses(monkeypatch, lambda step, back: step >= 6 and not back, 100.0)
    ways: dict[str, Any] = {"checkpoint_every": 1, "return_on_spike": True, "sample_count": 0}
    job = start(pictures, tmp_path / "run", steps=9, **ways)
    until(job, lambda event: isinstance(event, Notice) and "back to step 4" in event.text)
    folder = RunFolder.open(tmp_path / "run")
    assert folder.newest().step == 4, "whoever takes it up now does so before the leap"
    assert finish(job)[1].step == 9
    assert [line["step"] for line in folder.metrics()] == list(range(1, 10))
    assert max(line["loss"] for line in folder.metrics()) < 100


@pytest.mark.parametrize("steps", [4, 6])
def test_training_returns_where_the_weights_to_be_saved_are_no_numbers(
    pictures: Path, tmp_path: Path, steps: int
) -> None:
    ways: dict[str, Any] = {"checkpoint_every": 2, "sample_count": 0, "steps": steps}
    for name, back in (("back", True), ("ends", False)):
        job = start(pictures, tmp_path / name, return_on_spike=back, **ways)
        until(job, at_step(3))
        _weights_of(job).fill_(float("nan"))
        if not back:
            with pytest.raises(StudioError, match="no longer numbers at step 4"):
                finish(job)
            continue
        events, result = finish(job)
        told = [event.text for event in events if isinstance(event, Notice)]
        assert any("no longer numbers at step 4. Training went back to step 2" in t for t in told)
        assert result.step == steps
        folder = RunFolder.open(tmp_path / name)
        assert [c.step for c in folder.checkpoints()] == list(range(2, steps + 1, 2))
        assert all(bool(v.isfinite().all()) for v in folder.newest().load("model").values())
        assert [line["step"] for line in folder.metrics()] == list(range(1, steps + 1))


def test_closing_while_training_goes_back_keeps_no_step_after_the_leap(
    pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(training_log, "_TICK_SECONDS", 0.0)
    monkeypatch.setattr(training_log, "_MAX_CONSECUTIVE_SKIPS", 1)
    spoil_losses(monkeypatch, lambda step, back: step == 5 and not back)

    class RankZero:
        """Stand-in for the leading rank, while another rank runs out of memory."""

        def announce_rollback(self, _: object) -> Generator[Notice, None, None]:
            yield Notice("The memory does not suffice.")

        def begin(self) -> None: ...

        def cause(self, error: Exception) -> Exception:
            return error

    ways: dict[str, Any] = {"checkpoint_every": 3, "return_on_spike": True, "sample_count": 0}
    job = start(pictures, tmp_path / "run", steps=8, **ways)
    until(job, at_step(4))
    _loop_of(job)._rank_zero = RankZero()
    until(job, lambda event: isinstance(event, Notice) and "memory" in event.text)
    job.close()
    assert RunFolder.open(tmp_path / "run").newest().step == 3


def test_training_returns_to_the_last_checkpoint_that_can_be_read(
    pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(training_log, "_MAX_CONSECUTIVE_SKIPS", 1)
    spoil_losses(monkeypatch, lambda step, back: step == 5 and not back)
    ways: dict[str, Any] = {"checkpoint_every": 2, "return_on_spike": True, "sample_count": 0}
    run = tmp_path / "run"
    job = start(pictures, run, steps=6, **ways)
    until(job, lambda event: isinstance(event, CheckpointSaved) and event.step == 4)
    damaged = RunFolder.open(run).newest().path / "optimizer.safetensors"
    damaged.write_bytes(damaged.read_bytes()[:100])
    events, result = finish(job)
    told = [event.text for event in events if isinstance(event, Notice)]
    assert any("Step 4 is passed over" in text for text in told)
    assert any("went back to step 2" in text for text in told)
    assert result.step == 6
    assert [c.step for c in RunFolder.open(run).checkpoints()] == [2, 4, 6]


def test_after_a_return_losses_that_are_no_numbers_are_counted_anew(
    pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(training_log, "_MAX_CONSECUTIVE_SKIPS", 2)
    # Two NaNs in a row at first, one after the return.
    spoil_losses(monkeypatch, lambda step, back: step in ((3,) if back else (3, 4)))
    ways: dict[str, Any] = {"checkpoint_every": 2, "return_on_spike": True, "sample_count": 0}
    events, _ = finish(start(pictures, tmp_path / "run", steps=6, **ways))
    assert len([e for e in events if isinstance(e, Notice) and "went back" in e.text]) == 1


def test_a_loss_that_leaps_again_and_again_ends_the_training(
    pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(training_log, "_MAX_CONSECUTIVE_SKIPS", 1)
    spoil_losses(monkeypatch, lambda step, _: step > 3, float("inf"))
    with pytest.raises(StudioError, match="smaller learning rate"):
        finish(start(pictures, tmp_path / "a", steps=8, checkpoint_every=3, return_on_spike=True))
    assert RunFolder.open(tmp_path / "a").newest().step == 3


def test_pictures_that_vanish_or_change_are_noticed(tmp_path: Path) -> None:
    file = tmp_path / "images.npy"
    np.save(file, np.full((4, 2, 2, 3), 7, np.uint8))
    guard = DataGuard(np.load(file, mmap_mode="r"))
    assert guard.check() is None
    file.write_bytes(b"")
    assert "changed" in str(guard.check())
    assert guard.check() is None, "said once"
    kept = guard.images[np.arange(4)]
    assert (kept == 7).all(), "a mapped file that is cut short would end the process"

    np.save(file, np.full((4, 2, 2, 3), 7, np.uint8))
    mapped = DataGuard(np.load(file, mmap_mode="r"))
    mapped.in_memory = False
    os.utime(file, ns=(1, 1))
    with pytest.raises(StudioError, match="changed while"):
        mapped.check()
    file.unlink()
    assert "removed" in str(mapped.check())


def test_a_file_that_is_removed_is_read_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(data_guard, "_SHARE_OF_MEMORY", 0.0)
    pictures = np.random.default_rng(0).integers(0, 256, (6, 2, 2, 3), dtype=np.uint8)
    file = tmp_path / "images.npy"
    np.save(file, pictures)
    guard = DataGuard(np.load(file, mmap_mode="r"))
    file.unlink()
    assert "left open" in str(guard.check())
    rows = np.array([4, 0, 4])
    assert np.array_equal(guard.images[rows], pictures[rows])
    guard.close()


def test_a_set_too_large_for_memory_is_read_row_by_row(
    pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    finish(start(pictures, tmp_path / "in memory", sample_count=0))
    monkeypatch.setattr(data_guard, "_SHARE_OF_MEMORY", 0.0)
    run = tmp_path / "run"
    finish(start(pictures, run, sample_count=0))
    assert _files(run, 4) == _files(tmp_path / "in memory", 4)


def test_a_set_that_is_cut_short_between_two_looks_ends_the_training_whole(
    pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(data_guard, "_SHARE_OF_MEMORY", 0.0)
    monkeypatch.setattr(DataGuard, "check", lambda _: None)
    run = tmp_path / "run"
    job = start(pictures, run, sample_count=0)
    until(job, at_step(2))
    (file,) = (tmp_path / "cache" / "data").glob("*/images.npy")
    os.truncate(file, 200)
    with pytest.raises(StudioError, match=r"cut short.* saved at step 2") as caught:
        finish(job)
    assert "prepared again" in caught.value.remedy
    finish(start(pictures, run, sample_count=0))
    finish(start(pictures, tmp_path / "through", sample_count=0))
    assert _files(run, 4) == _files(tmp_path / "through", 4)


def test_a_cut_cache_does_not_end_the_process(pictures: Path, tmp_path: Path) -> None:
    job = start(pictures, tmp_path / "run", sample_count=0)
    until(job, at_step(1))
    (file,) = (tmp_path / "cache" / "data").glob("*/images.npy")
    os.truncate(file, 200)
    events, result = finish(job)
    assert any(isinstance(e, Notice) and "changed" in e.text for e in events)
    assert result.step == 4


def test_a_run_goes_on_when_its_pictures_are_gone_but_were_kept(
    pictures: Path, tmp_path: Path
) -> None:
    import shutil

    own = tmp_path / "own"
    shutil.copytree(pictures, own)
    finish(start(own, tmp_path / "run", steps=2, sample_count=0))
    shutil.rmtree(own)
    request = REQUEST.model_copy(update={"steps": 4})
    events, _ = finish(train([], tmp_path / "run", request, PrepareOptions(), resume=True))
    assert any(isinstance(e, Notice) and "kept" in e.text for e in events)
    finish(start(pictures, tmp_path / "through", sample_count=0))
    assert _files(tmp_path / "run", 4) == _files(tmp_path / "through", 4)
    shutil.rmtree(tmp_path / "cache")
    with pytest.raises(StudioError, match="own"):
        finish(
            train(
                [],
                tmp_path / "run",
                REQUEST.model_copy(update={"steps": 6}),
                PrepareOptions(),
                resume=True,
            )
        )


def test_a_damaged_checkpoint_is_no_longer_the_newest(pictures: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    finish(start(pictures, run, checkpoint_every=2, sample_count=0))
    damaged = run / "checkpoints/step-00000004"
    (damaged / "ema.safetensors").write_bytes(b"")
    job = start(pictures, run, steps=6)
    until(job, at_step(3))
    job.close()
    assert RunFolder.open(run).newest().step == 3
    assert (run / "checkpoints/damaged-step-00000004").is_dir()


def test_what_ends_in_order_is_not_offered_again(pictures: Path, tmp_path: Path) -> None:
    job = start(pictures, tmp_path / "run")
    until(job, at_step(1))
    assert journal.interrupted() == [], "it is in use"
    job.close()
    assert journal.interrupted() == []
    finish(start(pictures, tmp_path / "run"))
    assert journal.interrupted() == []


def test_samples_that_can_not_be_kept_are_shown_all_the_same(
    pictures: Path, tmp_path: Path
) -> None:
    run = tmp_path / "run"
    job = start(pictures, run, sample_every=1)
    until(job, at_step(1))
    (run / "samples").write_text("in the way")
    events, result = finish(job)
    assert sum(isinstance(event, SampleGrid) for event in events) == 4
    assert sum(isinstance(event, Notice) for event in events) == 1
    assert result.step == 4


def _operations(pictures: Path, run: Path) -> int:
    counting = FailingAllocation()
    with counting:
        finish(start(pictures, run, steps=2, checkpoint_every=1))
    return counting.count


@pytest.mark.parametrize("kind", ["device", "computer"])
def test_memory_that_ends_anywhere(pictures: Path, tmp_path: Path, kind: str) -> None:
    """Out of memory at random operations; ``python -m tests.endurance out_of_memory`` is longer."""
    from tests.endurance.forms.out_of_memory import attempt_training

    total = _operations(pictures, tmp_path / "through")
    rng = np.random.default_rng(0)
    for at in rng.integers(1, total, 3):
        attempt_training(pictures, tmp_path / f"{kind} {at}", int(at), kind)
