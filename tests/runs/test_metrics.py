from __future__ import annotations

import json
from pathlib import Path

from ddpm_studio.runs import metrics
from ddpm_studio.runs.metrics import Place


def _write(file: Path, *steps: int) -> None:
    metrics.append(file, [{"step": step, "loss": 1 / step} for step in steps])


def _read_all(file: Path, place: Place, limit: int) -> tuple[list[int], Place]:
    steps, more = [], True
    while more:
        portion = metrics.read_on(file, place, limit)
        steps += [line["step"] for line in portion.lines]
        place, more = portion.place, portion.more
    return steps, place


def test_reading_on_gives_each_line_once_and_whole(tmp_path: Path) -> None:
    file = tmp_path / "metrics.jsonl"
    first = metrics.read_on(file, Place())
    assert (first.lines, first.anew, first.more) == ([], False, False)
    _write(file, 1, 2)
    with file.open("a") as stream:
        stream.write('{"step":3,"lo')
    steps, place = _read_all(file, first.place, 1 << 20)
    assert steps == [1, 2]
    with file.open("a") as stream:
        stream.write('ss":0.5}\n')
    steps, place = _read_all(file, place, 1 << 20)
    assert steps == [3]
    assert _read_all(file, place, 1 << 20)[0] == []


def test_a_long_file_is_read_in_portions(tmp_path: Path) -> None:
    file = tmp_path / "metrics.jsonl"
    _write(file, *range(1, 301))
    first = metrics.read_on(file, Place(), 500)
    assert first.more
    assert len(first.lines) < 30
    assert _read_all(file, Place(), 500)[0] == list(range(1, 301))


def test_a_line_longer_than_a_portion_does_not_hold_up_the_others(tmp_path: Path) -> None:
    file = tmp_path / "metrics.jsonl"
    _write(file, 1)
    with file.open("a") as stream:
        stream.write("x" * 2000 + "\n")
    _write(file, 2)
    assert _read_all(file, Place(), 300)[0] == [1, 2]


def test_a_file_that_a_resumed_run_has_cut_is_read_anew(tmp_path: Path) -> None:
    file = tmp_path / "metrics.jsonl"
    _write(file, *range(1, 9))
    place = metrics.read_on(file, Place()).place
    metrics.truncate(file, 5)
    # Longer than before: its size alone does not tell.
    metrics.append(file, [{"step": step, "loss": 2.5} for step in range(6, 20)])
    portion = metrics.read_on(file, place)
    assert portion.anew
    assert [line["step"] for line in portion.lines] == list(range(1, 20))
    file.unlink()
    assert metrics.read_on(file, portion.place).anew


def test_the_last_line_of_a_long_file(tmp_path: Path) -> None:
    file = tmp_path / "metrics.jsonl"
    assert metrics.last(file) is None
    _write(file, *range(1, 5000))
    with file.open("a") as stream:
        stream.write('{"step":5000,"lo')
    assert metrics.last(file) == json.loads(f'{{"step": 4999, "loss": {1 / 4999}}}')
