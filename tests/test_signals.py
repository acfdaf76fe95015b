from __future__ import annotations

import signal
import sys
from collections.abc import Iterator

import pytest

from ddpm_studio.signals import termination_signals


@pytest.fixture(params=[signal.SIG_DFL, signal.SIG_IGN])
def ignored_or_not(request: pytest.FixtureRequest) -> Iterator[signal.Handlers]:
    numbers = [signal.SIGINT, signal.SIGTERM, signal.SIGHUP]
    found = {number: signal.signal(number, request.param) for number in numbers}
    yield request.param
    for number, handler in found.items():
        signal.signal(number, handler)


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
def test_a_terminal_that_goes_may_be_ignored_and_nothing_else(
    ignored_or_not: signal.Handlers,
) -> None:
    expected = {signal.SIGINT, signal.SIGTERM}
    if ignored_or_not is not signal.SIG_IGN:
        expected.add(signal.SIGHUP)
    assert set(termination_signals()) == expected
