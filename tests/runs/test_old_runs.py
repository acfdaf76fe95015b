"""Run folders of earlier versions: they open with the same settings and draw the same pictures.

Each fixture is a run that the named version trained for 60 steps, with pictures drawn from it by
that version: two pictures of seed 5 by each sampler, in T steps or in ten.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from ddpm_studio.jobs.drawing.models import ModelStore
from ddpm_studio.jobs.drawing.sampling import sample
from ddpm_studio.jobs.library.run_summary import describe_run
from ddpm_studio.requests import Sampler, SampleRequest
from tests.jobs.conftest import finish

FIXTURES = Path(__file__).parent / "fixtures" / "0.1.0"
RUNS = sorted(path.name for path in FIXTURES.iterdir())


@pytest.mark.parametrize("sampler", ["ddpm", "ddim", "dpm++2m"])
@pytest.mark.parametrize("name", RUNS)
def test_the_stored_pictures_are_drawn(name: str, sampler: Sampler, tmp_path: Path) -> None:
    run = shutil.copytree(FIXTURES / name / "run", tmp_path / "run")
    request = SampleRequest(
        run=run,
        sampler=sampler,
        steps=None if sampler == "ddpm" else 10,
        count=2,
        seed=5,
        device="cpu",
        precision="float32",
    )
    if name == "classes":
        request = request.model_copy(update={"class_label": 1, "guidance": 2.0})
    _, drawn = finish(sample(request, ModelStore()))
    stored = np.load(FIXTURES / name / f"{sampler}.npy")
    assert stored.std() > 50
    assert int(np.abs(drawn.pictures.astype(int) - stored.astype(int)).max()) <= 1


def test_they_are_described() -> None:
    classes = describe_run(FIXTURES / "classes" / "run")
    assert (classes.step, classes.steps, classes.channels) == (60, 60, 3)
    assert classes.known_classes == ("cross", "disc")
    gray = describe_run(FIXTURES / "learned-variance" / "run")
    assert (gray.schedule, gray.timesteps, gray.channels) == ("cosine", 100, 1)
