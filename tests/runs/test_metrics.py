from __future__ import annotations

import errno
import json
import os
from pathlib import Path

import pytest

from ddpm_studio.runs import atomic, metrics
from ddpm_studio.runs.metrics import FilePosition, MetricsWriter


def _write(file: Path, *steps: int) -> None:
    metrics.append(file, [{"step": step, "loss": 1 / step} for step in steps])


def _read_all(file: Path, position: FilePosition, limit: int) -> tuple[list[int], FilePosition]:
    steps, more = [], True
    while more:
        portion = metrics.read_new_lines(file, position, limit)
        steps += [line["step"] for line in portion.lines]
        position, more = portion.position, portion.more
    return steps, position


def test_reading_on_gives_each_line_once_and_whole(tmp_path: Path) -> None:
    file = tmp_path / "metrics.jsonl"
    first = metrics.read_new_lines(file, FilePosition())
    assert (first.lines, first.is_rewritten, first.more) == ([], False, False)
    _write(file, 1, 2)
    with file.open("a") as stream:
        stream.write('{"step":3,"lo')
    steps, position = _read_all(file, first.position, 1 << 20)
    assert steps == [1, 2]
    with file.open("a") as stream:
        stream.write('ss":0.5}\n')
    steps, position = _read_all(file, position, 1 << 20)
    assert steps == [3]
    assert _read_all(file, position, 1 << 20)[0] == []


def test_a_long_file_is_read_in_portions(tmp_path: Path) -> None:
    file = tmp_path / "metrics.jsonl"
    _write(file, *range(1, 301))
    first = metrics.read_new_lines(file, FilePosition(), 500)
    assert first.more
    assert len(first.lines) < 30
    assert _read_all(file, FilePosition(), 500)[0] == list(range(1, 301))


def test_a_line_longer_than_a_portion_does_not_hold_up_the_others(tmp_path: Path) -> None:
    file = tmp_path / "metrics.jsonl"
    _write(file, 1)
    with file.open("a") as stream:
        stream.write("x" * 2000 + "\n")
    _write(file, 2)
    assert _read_all(file, FilePosition(), 300)[0] == [1, 2]


def test_a_file_that_a_resumed_run_has_cut_is_read_anew(tmp_path: Path) -> None:
    file = tmp_path / "metrics.jsonl"
    _write(file, *range(1, 9))
    position = metrics.read_new_lines(file, FilePosition()).position
    metrics.truncate(file, 5)
    # Longer than before, so the size alone does not reveal the truncation.
    metrics.append(file, [{"step": step, "loss": 2.5} for step in range(6, 20)])
    portion = metrics.read_new_lines(file, position)
    assert portion.is_rewritten
    assert [line["step"] for line in portion.lines] == list(range(1, 20))
    file.unlink()
    assert metrics.read_new_lines(file, portion.position).is_rewritten


def test_the_last_line_of_a_long_file(tmp_path: Path) -> None:
    file = tmp_path / "metrics.jsonl"
    assert metrics.read_last(file) is None
    _write(file, *range(1, 5000))
    with file.open("a") as stream:
        stream.write('{"step":5000,"lo')
    assert metrics.read_last(file) == json.loads(f'{{"step": 4999, "loss": {1 / 4999}}}')


def test_a_training_that_goes_back_while_the_disk_is_full_leaves_each_step_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "metrics.jsonl"
    writer = MetricsWriter(file)
    writer.append([{"step": step, "loss": 1.0} for step in (1, 2, 3, 4)])
    with monkeypatch.context() as full:
        for call in ("append", "write_bytes"):
            full.setattr(atomic, call, _refuse)
        writer.append([{"step": step, "loss": 1.0} for step in (5, 6)])
        writer.drop_after(3)
        writer.append([{"step": step, "loss": 2.0} for step in (4, 5)])
    writer.append([{"step": 6, "loss": 2.0}])
    told = [(line["step"], line["loss"]) for line in metrics.read(file)]
    assert told == [(1, 1.0), (2, 1.0), (3, 1.0), (4, 2.0), (5, 2.0), (6, 2.0)]


def _refuse(*_: object) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


def test_a_line_of_no_step_is_none_of_ours(tmp_path: Path) -> None:
    file = tmp_path / "metrics.jsonl"
    others = "".join(f'{{"step":{step},"loss":1}}\n' for step in ("-5", "true", "1e3", 2**61))
    file.write_text('{"step":1,"loss":1}\n' + others)
    assert [line["step"] for line in metrics.read(file)] == [1]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes with names here")
def test_a_pipe_in_the_place_of_the_figures_is_not_waited_for(tmp_path: Path) -> None:
    file = tmp_path / "metrics.jsonl"
    os.mkfifo(file)
    assert metrics.read_new_lines(file, FilePosition()).lines == []
    assert metrics.read_last(file) is None
    assert list(metrics.read(file)) == []


def test_a_curve_is_thinned_without_reading_all(tmp_path: Path) -> None:
    """Each point of the thinned curve is the median loss of a few steps around it."""
    file = tmp_path / "metrics.jsonl"
    losses = [1 / (1 + step) for step in range(5000)]
    metrics.append(file, [{"step": step, "loss": loss} for step, loss in enumerate(losses)])
    points = metrics.downsample_losses(file, 20)
    assert len(points) == 20
    assert [step for step, _ in points] == sorted(step for step, _ in points)
    for step, loss in points:
        assert loss == pytest.approx(losses[step], rel=0.02, abs=1e-3)
    assert points[0][0] < 200 < 4700 < points[-1][0]
    assert metrics.downsample_losses(file, 100_000) == list(enumerate(losses)), "each line, of few"


def test_a_short_or_strange_file_has_the_curve_it_has(tmp_path: Path) -> None:
    file = tmp_path / "metrics.jsonl"
    assert metrics.downsample_losses(file, 20) == []
    file.write_bytes(b'{"step": 1, "loss": null}\nnoise\n{"step": 2, "loss": 0.5}\n{"st')
    assert metrics.downsample_losses(file, 1) == [(2, 0.5)]
    assert metrics.downsample_losses(file, 20) == [(2, 0.5)]
