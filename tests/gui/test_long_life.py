"""Endurance of the window, in short: no leak of threads, handles, timers or references.

``python -m tests.endurance soak cycles references`` tests the same at length.
"""

from __future__ import annotations

import gc

import pytest
from pytestqt.qtbot import QtBot

from ddpm_studio.gui.platform.garbage_collector import GarbageCollector
from tests.endurance.forms import references
from tests.endurance.living_window import live
from tests.endurance.steadiness import judge


@pytest.mark.parametrize(
    ("kind", "amount"), [("cycles", 8), pytest.param("soak", 20, marks=pytest.mark.slow)]
)
def test_a_living_window_keeps_its_threads_and_files(kind: str, amount: float) -> None:
    report = live(kind, amount)
    assert report["ended"]
    assert report["counts"]
    first, last = report["rows"][1], report["rows"][-1]
    for what in ("threads", "handles", "timers"):
        assert last[what] <= first[what] + 1, what


def test_nothing_is_collected_by_itself_while_the_last_objects_go(qtbot: QtBot) -> None:
    gc.enable()
    try:
        collector = GarbageCollector()
        assert not gc.isenabled()
        collector.stop()
        assert not gc.isenabled()
    finally:
        gc.disable()


def test_growth_is_not_overlooked() -> None:
    row = {
        "seconds": 1.0,
        "memory": 1 << 30,
        "used": 1,
        "threads": 4,
        "handles": 9,
        "objects": 9,
        "timers": 2,
    }
    steady = {"ended": True, "counts": {}, "rows": [dict(row) for _ in range(40)]}
    assert judge(steady).passed
    for what, more in (("memory", 1 << 25), ("threads", 1), ("handles", 1), ("timers", 1)):
        grown = {**steady, "rows": [row | {what: row[what] + more * (k > 20)} for k in range(40)]}
        assert not judge(grown).passed, what


def test_repainting_and_emitting_takes_no_references() -> None:
    outcome = references.endure(0.03)
    assert outcome.passed, outcome.figures
