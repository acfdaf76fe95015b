"""Remarks on bits/dim: a figure above that of uncompressed storage is explained."""

from __future__ import annotations

import pytest

from ddpm_studio.jobs.events import BitsMeasured
from ddpm_studio.jobs.measuring.formatting import bits_remark


def measured(prior: float, middle: float, decoder: float) -> BitsMeasured:
    total = prior + middle + decoder
    return BitsMeasured(1, 1, 1000, total, None, prior, middle, decoder, (1, 2), (), (), (), (), ())


@pytest.mark.parametrize(
    ("parts", "largest", "advice"),
    [
        ((0.0, 9.4, 168.0), "95% is L_0", "predicts ε"),
        ((0.0, 20.0, 5.0), "80% is Σ L_t−1", "longer training"),
        ((9.0, 0.5, 0.5), "90% is L_T", "zero terminal SNR"),
    ],
)
def test_above_eight_bits_the_largest_part_is_named(
    parts: tuple[float, float, float], largest: str, advice: str
) -> None:
    told = bits_remark(measured(*parts))
    assert "More than the 8 bits" in told
    assert largest in told
    assert advice in told
    assert told.count(". ") == 0, "one sentence"


def test_what_a_level_takes_as_it_is_needs_no_words() -> None:
    assert bits_remark(measured(0.0, 3.0, 0.7)) == ""
    assert bits_remark(measured(0.0, 0.0, 8.0)) == ""
