"""Terminal trainings that are killed at random moments, resumed and compared.

``python -m tests.endurance.killing TRIALS FOLDER`` prints one JSON object; FOLDER takes the runs.
Each training is a process forked from this one, which has already loaded torch and has a single
thread, so that a start costs next to nothing.
"""

from __future__ import annotations

import contextlib
import json
import mmap
import os
import shutil
import signal
import struct
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch

from ddpm_studio.cli import run as run_terminal
from ddpm_studio.engine import Trainer
from ddpm_studio.engine.training import StepResult
from ddpm_studio.errors import StudioError
from ddpm_studio.jobs.warmup import load_for_training
from ddpm_studio.runs import RunFolder, journal
from tests.cli.conftest import TINY, write_pictures

STEPS, EVERY = 28, 4
_SETTINGS = [*TINY, "--seed", "1", "--sample-count", "1", "--sample-every", "10"]
_PARTS = ("model", "ema", "optimizer")
# How often each of four trainings in turn is killed before it may end.
_KILLS = (1, 1, 2, 3)
_SIGNS = (".writing-", ".replaced-")
_TAKEN = struct.Struct("q")


class Child:
    """A training in a child process: a new one, or a resumed one where the run exists.

    Args:
        pictures: the pictures to train on.
        run: the run folder.
        more: further arguments of the command line.
    """

    def __init__(self, pictures: Path, run: Path, more: Sequence[str] = ()) -> None:
        resumes = (run / "run.json").exists()
        words = ["train", "--run", str(run), *more]
        words += ["--resume"] if resumes else [str(pictures), "--steps", str(STEPS), *_SETTINGS]
        if not resumes:
            words += ["--checkpoint-every", str(EVERY)]
        self._taken = mmap.mmap(-1, _TAKEN.size)
        self.begun = time.time()
        self.log = run.with_suffix(".log")
        self.pid = os.fork()
        if self.pid == 0:
            os._exit(self._train(words))

    def _train(self, words: list[str]) -> int:
        """Train in the child: store the step number in shared memory, write output to the log."""
        log = os.open(self.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        os.dup2(log, 1)
        os.dup2(log, 2)
        step, taken = Trainer.step, self._taken

        def noted(trainer: Trainer) -> StepResult:
            result = step(trainer)
            taken[:] = _TAKEN.pack(trainer.step_number)
            return result

        setattr(Trainer, "step", noted)  # noqa: B010 - a plain assignment names other parameters
        try:
            return run_terminal(words)
        except BaseException as error:  # nothing of the child may run on in the parent's code
            os.write(2, repr(error).encode())
            return 70

    def wait(self) -> int:
        """Wait for the process to end; return its exit code."""
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])

    def kill_after(self, seconds: float) -> bool:
        """Kill the process this many seconds after its start; return False if it had ended."""
        time.sleep(max(0.0, self.begun + seconds - time.time()))
        os.kill(self.pid, signal.SIGKILL)
        return self.wait() == -signal.SIGKILL

    def steps(self) -> int:
        """Return the number of the last step taken, or 0 if this process has taken none."""
        return int(_TAKEN.unpack(self._taken[:])[0])


@dataclass
class MetricArrays:
    """Results of all trials."""

    trials: int = 0
    resumed: int = 0
    started_over: int = 0
    before_first_checkpoint: int = 0
    kills: int = 0
    killed_while_writing: int = 0
    ended_before_it_was_killed: int = 0
    most_steps_lost: int = 0
    most_seconds_lost: float = 0.0
    equal: int = 0
    left_over: int = 0
    offered: int = 0
    faults: list[str] = field(default_factory=list)


class Trials:
    """Trials that kill one training after another.

    Args:
        folder: the folder for the runs.
        seed: of the random moments.
    """

    def __init__(self, folder: Path, seed: int = 0) -> None:
        self.folder = folder
        self.figures = MetricArrays()
        self._rng = np.random.default_rng(seed)
        os.environ["DDPM_STUDIO_CONFIG"] = str(folder / "config")
        self.pictures = write_pictures(folder / "pictures", 6)
        self.through = folder / "through"
        self.seconds = self._run_through()
        self.expected = contents(self.through)

    def _run_through(self) -> float:
        """Train without interruption; return the seconds that it took."""
        with self._cache():
            child = Child(self.pictures, self.through)
            code = child.wait()
        if code:
            raise RuntimeError(f"exit code {code}: {child.log.read_text()[-2000:]}")
        return time.time() - child.begun

    @contextlib.contextmanager
    def _cache(self) -> Any:
        """Provide a fresh cache for a block, so that a training includes preparing the pictures."""
        cache = self.folder / "cache"
        os.environ["DDPM_STUDIO_CACHE"] = str(cache)
        yield
        shutil.rmtree(cache, ignore_errors=True)

    def attempt(self) -> None:
        """Kill one training one or more times, let it end, and compare the results."""
        number = self.figures.trials
        self.figures.trials += 1
        run = self.folder / f"run {number}"
        with self._cache():
            wanted = _KILLS[number % len(_KILLS)]
            killed = 0
            while killed < wanted:
                # The rest of a resumed training is shorter.
                left = 1 - newest_step(run) / STEPS
                child = Child(self.pictures, run)
                if child.kill_after(self._rng.uniform(0, self.seconds * left)):
                    killed += 1
                    self._look_at(run, child)
                    continue
                self.figures.ended_before_it_was_killed += 1
                if killed:
                    break
                shutil.rmtree(run)
            else:
                self._finish(run)
        self._compare(run)
        shutil.rmtree(run, ignore_errors=True)

    def _look_at(self, run: Path, child: Child) -> None:
        """Check and record what a kill has left behind."""
        figures = self.figures
        now = time.time()
        figures.kills += 1
        folder = run / "checkpoints"
        figures.killed_while_writing += any(part_written(path) for path in (run, folder))
        taken = child.steps()
        if not (run / "run.json").exists():
            figures.started_over += 1
            return
        found = RunFolder.open(run).checkpoints()
        figures.before_first_checkpoint += not found
        for checkpoint in found:
            for part in _PARTS:
                checkpoint.load(part)  # type: ignore[arg-type]
        if not taken:
            return
        step = found[-1].step if found else 0
        since = (found[-1].path / "state.json").stat().st_mtime if found else child.begun
        figures.most_steps_lost = max(figures.most_steps_lost, taken - step)
        figures.most_seconds_lost = max(
            figures.most_seconds_lost, round(now - max(since, child.begun), 2)
        )
        figures.offered += run.resolve() in [entry.run for entry in journal.interrupted()]

    def _finish(self, run: Path) -> None:
        if newest_step(run) == STEPS:
            return  # killed when all was done
        child = Child(self.pictures, run)
        code = child.wait()
        if code:
            said = child.log.read_text()[-500:]
            self.figures.faults.append(f"{run.name}: exit code {code}: {said}")

    def _compare(self, run: Path) -> None:
        """Compare all outputs of a training with those of the undisturbed run."""
        figures = self.figures
        try:
            made = contents(run)
        except (OSError, StudioError) as error:
            figures.faults.append(f"{run.name}: {error}")
            return
        figures.resumed += 1
        left = [path.name for path in run.rglob("*") if path.name.startswith(_SIGNS)]
        figures.left_over += len(left)
        differ = [
            name for name in self.expected | made if self.expected.get(name) != made.get(name)
        ]
        figures.equal += not differ
        if differ or left or journal.interrupted():
            figures.faults.append(f"{run.name}: differ {differ}, left over {left}")


def newest_step(run: Path) -> int:
    """Return the newest saved step, or 0 if there is none."""
    try:
        return RunFolder.open(run).newest().step
    except StudioError:
        return 0


def part_written(folder: Path) -> bool:
    """Whether a folder has a partly written file or folder."""
    return folder.is_dir() and any(path.name.startswith(_SIGNS) for path in folder.iterdir())


def contents(run: Path) -> dict[str, object]:
    """Return all outputs of a training: its last checkpoint, metrics and samples."""
    newest = RunFolder.open(run).newest()
    figures: list[object] = [
        [line[key] for key in ("step", "loss", "grad_norm", "lr")]
        for line in RunFolder.open(run).metrics()
    ]
    made: dict[str, object] = {"figures": figures, "state": newest.state()}
    files: list[Path] = [newest.path / f"{part}.safetensors" for part in _PARTS]
    for file in (*files, *sorted((run / "samples").iterdir())):
        made[file.name] = file.read_bytes()
    return made


def kill(trials: int, folder: Path) -> dict[str, Any]:
    """Kill this many trainings; return the results."""
    torch.set_num_threads(1)
    load_for_training()
    refuse_threads()
    attempts = Trials(folder)
    for _ in range(trials):
        attempts.attempt()
    figures = vars(attempts.figures)
    return figures | {
        "steps": STEPS,
        "steps_between_checkpoints": EVERY,
        "seconds_undisturbed": round(attempts.seconds, 2),
    }


def refuse_threads() -> None:
    """Raise if this process has several threads: after a fork, their locks would stay locked.

    Raises:
        RuntimeError: if there is more than one thread.
    """
    tasks = Path("/proc/self/task")
    count = len(list(tasks.iterdir())) if tasks.is_dir() else 1
    if count > 1:
        raise RuntimeError(f"{count} threads at work before the first fork")


if __name__ == "__main__":
    print(json.dumps(kill(int(sys.argv[1]), Path(sys.argv[2]))))
