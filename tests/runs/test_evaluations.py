"""``evaluations.jsonl``: evaluations are appended and read back; invalid lines are skipped."""

from __future__ import annotations

from pathlib import Path

from ddpm_studio.runs import evaluations
from ddpm_studio.runs.evaluations import RecordedEvaluation

ONE = RecordedEvaluation(
    step=7,
    created="2026-11-29T10:00:00+00:00",
    samples=10,
    reference=20,
    floor=5,
    features="64 features of a classifier of the set",
    told={"recipe": {"request": {"sampler": "ddim"}}},
    figures={"frechet": 3.5},
    floors={"frechet": 0.25},
)


def test_what_is_appended_comes_back(tmp_path: Path) -> None:
    assert evaluations.read(tmp_path) == []
    evaluations.append(tmp_path, ONE)
    evaluations.append(tmp_path, ONE)
    assert evaluations.read(tmp_path) == [ONE, ONE]


def test_what_is_none_is_passed_over(tmp_path: Path) -> None:
    evaluations.append(tmp_path, ONE)
    whole = (tmp_path / evaluations.FILE_NAME).read_text()
    wrong = [
        "[]",
        "nonsense",
        whole.replace('"step":7', '"step":-7').strip(),
        whole.replace('"step":7', '"step":7.5').strip(),
        whole.replace('{"frechet":3.5}', "[1]").strip(),
        whole[:40],
    ]
    (tmp_path / evaluations.FILE_NAME).write_text("\n".join([*wrong, whole]))
    assert evaluations.read(tmp_path) == [ONE]
    odd = whole.replace('{"frechet":3.5}', '{"frechet":3.5,"kid":"x","sliced":null}')
    (tmp_path / evaluations.FILE_NAME).write_text(odd)
    assert evaluations.read(tmp_path) == [ONE]


def test_what_a_power_cut_left_takes_no_other_with_it(tmp_path: Path) -> None:
    evaluations.append(tmp_path, ONE)
    file = tmp_path / evaluations.FILE_NAME
    file.write_bytes(file.read_bytes()[:-30])
    evaluations.append(tmp_path, ONE)
    evaluations.append(tmp_path, ONE)
    assert evaluations.read(tmp_path) == [ONE, ONE]
    assert len(file.read_bytes().splitlines()) == 3
