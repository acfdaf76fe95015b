"""Out-of-memory errors at any operation of training, sampling, evaluation or loading.

One random tensor operation fails as an allocation does. A training goes on or ends with its last
complete state saved, and gives the same bytes when it is resumed; the other jobs say what to do,
and give the same results when they are run again.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch

from ddpm_studio.errors import Failure
from ddpm_studio.jobs import ModelStore, measure_bits, sample, train
from ddpm_studio.requests import BitsRequest, PrepareOptions, SampleRequest
from ddpm_studio.runs import RunFolder
from tests.cli.conftest import write_pictures
from tests.endurance.outcome import Outcome
from tests.jobs.conftest import REQUEST, finish
from tests.jobs.memory import KINDS, FailingAllocation

_TRIALS = 100
_STEPS = 3
_PARTS = ("model", "ema", "optimizer")


def endure(scale: float) -> Outcome:
    """Fail ``scale`` × 100 operations of each class of job."""
    trials = max(2, round(_TRIALS * scale))
    rng = np.random.default_rng(0)
    figures: dict[str, object] = {}
    with tempfile.TemporaryDirectory() as scratch:
        root = Path(scratch)
        os.environ["DDPM_STUDIO_CACHE"] = str(root / "cache")
        os.environ["DDPM_STUDIO_CONFIG"] = str(root / "config")
        pictures = write_pictures(root / "pictures", 6)
        whole = root / "whole"
        finish(_training(pictures, whole))
        jobs: dict[str, Callable[[int, str], str]] = {
            "train": lambda at, kind: attempt_training(pictures, root / "run", at, kind),
            "sample": lambda at, kind: attempt(_sampling(whole), at, kind),
            "evaluate": lambda at, kind: attempt(_evaluation(whole), at, kind),
            "load": lambda at, kind: attempt(_loading(whole), at, kind),
        }
        counts = {
            "train": count(lambda: finish(_training(pictures, root / "counted"))),
            "sample": count(_sampling(whole)),
            "evaluate": count(_evaluation(whole)),
            "load": count(_loading(whole)),
        }
        for name, job in jobs.items():
            ways: dict[str, int] = {}
            for trial in range(trials):
                at = int(rng.integers(1, counts[name] + 1))
                way = job(at, list(KINDS)[trial % len(KINDS)])
                ways[way] = ways.get(way, 0) + 1
                shutil.rmtree(root / "run", ignore_errors=True)
            figures[name] = {"operations": counts[name], "trials": trials, **ways}
    return Outcome(True, figures)


def count(job: Callable[[], object]) -> int:
    """Return the number of operations of a job."""
    counting = FailingAllocation()
    with counting:
        job()
    return counting.count


def attempt(job: Callable[[], Any], at: int, kind: str) -> str:
    """Fail one operation of a job, check that a second run is undisturbed; return what happened."""
    expected = job()
    try:
        with FailingAllocation(at, kind):
            job()
    except Exception as error:
        advice = Failure.of(error)
        assert "memory" in advice.cause, advice.details
        assert "smaller" in advice.remedy
    else:
        return "recovered"
    assert job() == expected
    return "said what to do"


def attempt_training(pictures: Path, run: Path, at: int, kind: str) -> str:
    """Fail one operation of a training, resume it, and compare; return what happened."""
    through = run.parent / "through 3"
    if not through.exists():
        finish(_training(pictures, through))
    way = "recovered"
    try:
        with FailingAllocation(at, kind):
            finish(_training(pictures, run))
    except Exception as error:
        advice = Failure.of(error)
        assert "memory" in advice.cause, advice.details
        assert "smaller" in advice.remedy
        way = "paused whole"
    else:
        assert _files(run) == _files(through)
        return way
    if (run / "run.json").exists():
        found = RunFolder.open(run).checkpoints()
        for checkpoint in found:
            for part in _PARTS:
                checkpoint.load(part)  # type: ignore[arg-type]
    if not (run / f"checkpoints/step-{_STEPS:08}").exists():
        finish(_training(pictures, run))
    assert _files(run) == _files(through)
    return way


def _training(pictures: Path, run: Path) -> Any:
    request = REQUEST.model_copy(update={"steps": _STEPS, "checkpoint_every": 1, "sample_every": 2})
    resume = (run / "run.json").exists()
    return train([pictures], run, request, PrepareOptions(), resume=resume)


def _files(run: Path) -> list[bytes]:
    newest = RunFolder.open(run).newest()
    assert newest.step == _STEPS
    return [(newest.path / f"{part}.safetensors").read_bytes() for part in _PARTS]


def _sampling(run: Path) -> Callable[[], Any]:
    store = ModelStore()
    request = SampleRequest(run=run, count=3, sampler="ddim", steps=4, device="cpu")
    return lambda: finish(sample(request, store))[1].pictures.tobytes()


def _evaluation(run: Path) -> Callable[[], Any]:
    def measure() -> object:
        # Cached results would not be measured again.
        shutil.rmtree(run / "bits", ignore_errors=True)
        request = BitsRequest(run=run, count=2, timesteps=4, device="cpu")
        return repr(finish(measure_bits(request, [], ModelStore()))[1])

    return measure


def _loading(run: Path) -> Callable[[], Any]:
    def load() -> object:
        state = ModelStore().get(run, "ema", "cpu").network.state_dict()
        return torch.cat([tensor.flatten() for tensor in state.values()]).numpy().tobytes()

    return load
