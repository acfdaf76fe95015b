"""Duty cycle: work of low priority gets its share of the time and no more."""

from __future__ import annotations

import pytest

from ddpm_studio.backend.duty_cycle import DutyCycle


@pytest.mark.parametrize("share", [0.04, 0.25, 1.0])
@pytest.mark.parametrize("takes", [0.001, 0.1, 3.0])
def test_it_takes_its_share(share: float, takes: float) -> None:
    now = spent = 0.0

    def work() -> None:
        nonlocal now, spent
        now += takes
        spent += takes

    time = DutyCycle(share, lambda: now)
    while now < 1000 * takes:
        if time.is_due:
            time.run_work(work)
        else:
            now += 0.01 * takes
    assert spent == pytest.approx(share * now, rel=0.05)


def test_the_first_piece_need_not_wait() -> None:
    assert DutyCycle(0.04, lambda: 7.0).is_due
