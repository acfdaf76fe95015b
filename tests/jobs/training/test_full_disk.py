"""Training on a full disk: short form of ``python -m tests.endurance full_disk``."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from ddpm_studio.errors import StudioError
from ddpm_studio.jobs import train
from ddpm_studio.jobs.events import Progress
from ddpm_studio.jobs.training import training_loop
from ddpm_studio.requests import PrepareOptions
from ddpm_studio.runs import RunFolder, metrics
from ddpm_studio.runs.averages import average_snapshots
from ddpm_studio.runs.lock import is_in_use
from tests.endurance.forms import full_disk
from tests.jobs.conftest import REQUEST, finish


@pytest.mark.slow
@pytest.mark.skipif(full_disk.unshared() is None, reason="no program may mount a disk of its own")
def test_a_training_outlives_a_disk_that_is_full_for_a_while() -> None:
    outcome = full_disk.endure(0.1)
    assert outcome.passed, outcome.figures


def test_the_copy_that_is_saved_at_the_end_has_all_of_the_run(
    pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first of the folders for it takes the small files, but has no room for weights."""
    run, small, roomy = (tmp_path / name for name in ("run", "small", "roomy"))
    request = REQUEST.model_copy(update={"steps": 3, "sample_count": 0, "power_ema": True})
    finish(train([pictures], run, request, PrepareOptions()))
    save, append = RunFolder.save_checkpoint, metrics.append

    def save_where_there_is_room(folder: RunFolder, *given: Any) -> Any:
        if folder.path.parent != roomy:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(folder.path))
        return save(folder, *given)

    def append_where_there_is_room(path: Path, lines: Iterable[dict[str, Any]]) -> None:
        if path.parent == run:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))
        append(path, lines)

    monkeypatch.setattr(RunFolder, "save_checkpoint", save_where_there_is_room)
    monkeypatch.setattr(metrics, "append", append_where_there_is_room)
    monkeypatch.setattr(training_loop, "last_resort_folders", lambda: [small, roomy])
    longer = request.model_copy(update={"steps": 40})
    job = train([], run, longer, PrepareOptions(), resume=True)
    for event in job:
        if isinstance(event, Progress) and event.text == "Training" and event.done == 6:
            break
    with pytest.raises(StudioError, match=r"It is saved in .*roomy.run instead"):
        job.close()
    assert not list(small.iterdir())
    copy = RunFolder.open(roomy / "run")
    assert copy.newest().step == 6
    assert [line["step"] for line in copy.metrics()] == [1, 2, 3, 4, 5, 6]
    assert list(average_snapshots(copy.path)) == list(average_snapshots(run)) == [1, 2, 3, 4]
    assert not is_in_use(copy.path)
    assert not is_in_use(run)
