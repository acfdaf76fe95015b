"""Leak check of a long-running window: its resources at the end against its first tenth."""

from __future__ import annotations

from typing import Any

from tests.endurance.outcome import Outcome

_GROWTH = 0.02


def judge(report: dict[str, Any]) -> Outcome:
    """Compare the resources held after the first tenth with those held at the end.

    Threads, handles and timers must not exceed their maximum in the first tenth; memory may grow by
    less than 2 %. Medians are compared, of the tenth around the mark and of the last one, so that
    no single sample in the middle of a drawing decides.
    """
    rows = report["rows"]
    tenth = max(1, len(rows) // 10)
    early, late = rows[: tenth + 1], rows[-tenth:]
    held = {
        key: (max(row[key] for row in early), _median([row[key] for row in late]))
        for key in ("threads", "handles", "objects", "timers")
    }
    around = rows[tenth - tenth // 2 : tenth + tenth // 2 + 1]
    memory = _median([row["memory"] for row in around]), _median([row["memory"] for row in late])
    growth = memory[1] / memory[0] - 1
    figures = {
        **report["counts"],
        "seconds": rows[-1]["seconds"],
        "looks": len(rows),
        "memory_mib_after_a_tenth": round(memory[0] / 2**20, 1),
        "memory_mib_at_the_end": round(memory[1] / 2**20, 1),
        "memory_growth": round(growth, 4),
        "used_mib_after_a_tenth_and_at_the_end": [
            round(_median([row["used"] for row in part]) / 2**20, 1) for part in (around, late)
        ],
        **{f"{key}_after_a_tenth_and_at_the_end": pair for key, pair in held.items()},
        "thread_ended": report["ended"],
    }
    steady = all(held[key][1] <= held[key][0] for key in ("threads", "handles", "timers"))
    return Outcome(bool(report["ended"]) and steady and growth < _GROWTH, figures)


def _median(values: list[float]) -> float:
    return sorted(values)[len(values) // 2]
