"""Followers (ranks on other machines): preparing the training pictures, or finding them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ddpm_studio import data
from ddpm_studio.errors import StudioError
from ddpm_studio.jobs.library.training_pictures import training_sources
from ddpm_studio.jobs.training.rank_state import RankTrainingPlan
from ddpm_studio.jobs.training.rank_training import _pictures
from ddpm_studio.runs import RunFolder


@pytest.fixture
def plan(run: Path) -> RankTrainingPlan:
    info = RunFolder.open(run).info
    assert info.data is not None
    assert info.request is not None
    return RankTrainingPlan(info, info.request, info.data.fingerprint, None)


def test_pictures_are_prepared_where_they_are_not_and_then_found(
    plan: RankTrainingPlan, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert plan.info.data is not None
    assert data.find_prepared(plan.fingerprint, training_sources(plan.info)) is None
    made = _pictures(plan)
    assert made.fingerprint == plan.fingerprint
    monkeypatch.setattr(data, "prepare", None)
    assert np.array_equal(_pictures(plan).images, made.images)


def test_other_pictures_than_rank_0_has_are_refused(plan: RankTrainingPlan, tmp_path: Path) -> None:
    Image.new("RGB", (16, 16)).save(tmp_path / "other.png")
    assert plan.info.data is not None
    elsewhere = plan.info.data.model_copy(update={"sources": (str(tmp_path / "other.png"),)})
    info = plan.info.model_copy(update={"data": elsewhere})
    with pytest.raises(StudioError, match="others than rank 0 has"):
        _pictures(replace(plan, info=info))
