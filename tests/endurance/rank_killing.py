"""Trainings on two ranks of which a random one is killed at a random moment.

``python -m tests.endurance.rank_killing TRIALS FOLDER`` prints one JSON object; FOLDER takes the
runs. Rank 0 is forked from this process, see :mod:`tests.endurance.killing`; it starts rank 1.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import torch

from ddpm_studio.jobs.warmup import load_for_training
from tests.cli.conftest import write_pictures
from tests.endurance.killing import EVERY, STEPS, Child, contents, newest_step, refuse_threads

_TWO = ("--devices", "cpu,cpu")
_PATIENCE = 60.0


@dataclass
class RankFigures:
    """Results of all trials.

    Attributes:
        trials: trainings that lost a rank.
        rank_0: of them, those that lost rank 0; the others lost rank 1.
        before_the_first_step: trials killed before their first step.
        ended_before_it_was_killed: trainings that ended too soon; they are not trials.
        most_seconds_to_the_end: the longest time from a kill to the end of all processes.
        one_clear_line: trainings whose rank 0 survived, and said once which rank died and how.
        most_steps_lost: from the checkpoint resumed from to the last step taken.
        equal: trainings that ended with the bytes of an undisturbed one.
        faults: descriptions of whatever went wrong.
    """

    trials: int = 0
    rank_0: int = 0
    before_the_first_step: int = 0
    ended_before_it_was_killed: int = 0
    most_seconds_to_the_end: float = 0.0
    one_clear_line: int = 0
    most_steps_lost: int = 0
    equal: int = 0
    faults: list[str] = field(default_factory=list)


class RankTrials:
    """Trials that kill a rank of one training after another.

    Args:
        folder: the folder for the runs.
        seed: of the random moments and ranks.
    """

    def __init__(self, folder: Path, seed: int = 0) -> None:
        self.folder = folder
        self.figures = RankFigures()
        self._rng = np.random.default_rng(seed)
        for name in ("CONFIG", "CACHE"):
            os.environ[f"DDPM_STUDIO_{name}"] = str(folder / name.lower())
        self.pictures = write_pictures(folder / "pictures", 6)
        child = self._train(folder / "through")
        if code := child.wait():
            raise RuntimeError(f"exit code {code}: {child.log.read_text()[-2000:]}")
        self.seconds = time.time() - child.begun
        self.expected = contents(folder / "through")

    def _train(self, run: Path) -> Child:
        return Child(self.pictures, run, _TWO)

    def attempt(self) -> None:
        """Kill a rank of one training, resume the training to its end, and compare the results."""
        run = self.folder / f"run {self.figures.trials} {self.figures.ended_before_it_was_killed}"
        child = self._train(run)
        time.sleep(self._rng.uniform(0, self.seconds))
        ranks = self._ranks(child)
        if ranks is None:
            child.wait()
            self.figures.ended_before_it_was_killed += 1
            return
        victim = int(self._rng.integers(2))
        begun = time.monotonic()
        os.kill(ranks[victim].pid, signal.SIGKILL)
        code = child.wait()
        if victim == 0 and code == 0:
            self.figures.ended_before_it_was_killed += 1
            return
        self.figures.trials += 1
        _, alive = psutil.wait_procs(ranks[1:], timeout=_PATIENCE)
        seconds = time.monotonic() - begun
        figures = self.figures
        figures.rank_0 += victim == 0
        figures.most_seconds_to_the_end = max(figures.most_seconds_to_the_end, round(seconds, 2))
        for rank in alive:
            figures.faults.append(f"{run.name}: rank 1 lives on")
            rank.kill()
        self._look_at(run, child, victim, code)
        if newest_step(run) < STEPS and (again := self._train(run)).wait():
            figures.faults.append(f"{run.name}: {again.log.read_text()[-500:]}")
            return
        equal = contents(run) == self.expected
        figures.equal += equal
        if not equal:
            figures.faults.append(f"{run.name}: ended with other bytes")

    def _ranks(self, child: Child) -> list[psutil.Process] | None:
        """Wait until both ranks of a training run; return None if it has ended."""
        leader = psutil.Process(child.pid)
        while True:
            if leader.status() == psutil.STATUS_ZOMBIE:
                return None
            if others := leader.children():
                return [leader, *others]
            time.sleep(0.01)

    def _look_at(self, run: Path, child: Child, victim: int, code: int) -> None:
        """Check and record what a kill has left behind."""
        figures = self.figures
        taken = child.steps()
        figures.before_the_first_step += taken == 0
        figures.most_steps_lost = max(figures.most_steps_lost, taken - newest_step(run))
        said = child.log.read_text()
        if victim == 0:
            if code != -signal.SIGKILL:
                figures.faults.append(f"{run.name}: exit code {code}")
            return
        if code == 0:
            # The last step had been taken, and rank 1 was no longer needed.
            figures.one_clear_line += "error:" not in said
            return
        lines = [line for line in said.splitlines() if "error:" in line]
        clear = len(lines) == 1 and "Rank 1" in lines[0] and "SIGKILL" in lines[0]
        if code == 1 and clear and "Traceback" not in said:
            figures.one_clear_line += 1
        else:
            figures.faults.append(f"{run.name}: exit code {code}: {said[-500:]}")


def kill_ranks(trials: int, folder: Path) -> dict[str, Any]:
    """Kill a rank in this many trainings; return the results."""
    torch.set_num_threads(1)
    load_for_training()
    refuse_threads()
    attempts = RankTrials(folder)
    while attempts.figures.trials < trials:
        attempts.attempt()
    return vars(attempts.figures) | {
        "steps": STEPS,
        "steps_between_checkpoints": EVERY,
        "seconds_undisturbed": round(attempts.seconds, 2),
    }


if __name__ == "__main__":
    print(json.dumps(kill_ranks(int(sys.argv[1]), Path(sys.argv[2]))))
