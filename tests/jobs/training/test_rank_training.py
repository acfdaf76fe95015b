"""Followers (ranks on other machines): preparing the training pictures, or finding them."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest
from PIL import Image

from ddpm_studio import data
from ddpm_studio.errors import StudioError
from ddpm_studio.jobs.machine.ranks.team import Team
from ddpm_studio.jobs.training.rank_state import RankTrainingPlan, receive_plan, send_plan
from ddpm_studio.jobs.training.rank_training import _pictures
from ddpm_studio.requests import PrepareOptions
from ddpm_studio.runs import RunFolder
from tests.jobs.conftest import finish


@pytest.fixture
def plan(run: Path) -> RankTrainingPlan:
    info = RunFolder.open(run).info
    assert info.data is not None
    assert info.request is not None
    sources = [Path(source) for source in info.data.sources]
    fingerprint = info.data.fingerprint
    return RankTrainingPlan(info, info.request, sources, info.data.options, fingerprint, None)


def test_pictures_are_prepared_where_they_are_not_and_then_found(
    plan: RankTrainingPlan, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert data.find_prepared(plan.fingerprint, plan.sources) is None
    made = _pictures(plan)
    assert made.fingerprint == plan.fingerprint
    monkeypatch.setattr(data, "prepare", None)
    assert np.array_equal(_pictures(plan).images, made.images)


def test_other_pictures_than_rank_0_has_are_refused(plan: RankTrainingPlan, tmp_path: Path) -> None:
    Image.new("RGB", (16, 16)).save(tmp_path / "other.png")
    with pytest.raises(StudioError, match="others than rank 0 has"):
        _pictures(replace(plan, sources=[tmp_path / "other.png"]))


class _Messages:
    """Stand-in for the ranks' communication, which carries JSON."""

    def __init__(self) -> None:
        self._sent: dict[str, str] = {}

    store = None

    def send(self, key: str, message: dict[str, Any]) -> None:
        self._sent[key] = json.dumps(message)

    def receive(self, key: str) -> object:
        return json.loads(self._sent[key])


def test_all_ranks_take_the_pictures_that_rank_0_trains_on(
    plan: RankTrainingPlan, tmp_path: Path
) -> None:
    """Whatever pictures the run records, as it may have been begun with others."""
    for k in range(3):
        Image.new("RGB", (16, 16), (40 * k, 0, 0)).save(tmp_path / f"{k}.png")
    dataset = finish(data.prepare([tmp_path], PrepareOptions(image_size=16)))[1]
    trainer = cast(Any, SimpleNamespace(config=SimpleNamespace(precision="float32")))
    team = cast(Team, _Messages())
    send_plan(team, trainer, plan.info, plan.request, dataset, None)
    assert np.array_equal(_pictures(receive_plan(team)).images, dataset.images)
