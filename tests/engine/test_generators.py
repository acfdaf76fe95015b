"""Mapping a generator: yielded values are transformed, its result and closing pass through."""

from __future__ import annotations

from collections.abc import Generator

import pytest

from ddpm_studio.engine.generators import finish, map_events


def _job(closed: list[bool]) -> Generator[int, None, str]:
    try:
        yield 1
        yield 2
    finally:
        closed.append(True)
    return "found"


def test_each_value_is_told_in_other_words_and_the_result_comes_through() -> None:
    told: list[str] = []
    assert finish(map_events(_job([]), str), told.append) == "found"
    assert told == ["1", "2"]


def test_closing_it_closes_what_it_tells_of() -> None:
    closed: list[bool] = []
    outer = map_events(_job(closed), str)
    next(outer)
    outer.close()
    assert closed == [True]


def test_an_error_in_the_words_closes_it_too() -> None:
    closed: list[bool] = []
    outer = map_events(_job(closed), lambda number: 1 // (2 - number))
    assert next(outer) == 1
    with pytest.raises(ZeroDivisionError):
        next(outer)
    assert closed == [True]
