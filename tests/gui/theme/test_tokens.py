from __future__ import annotations

import dataclasses
import re

import pytest

from ddpm_studio.gui.theme.tokens import DARK, LIGHT, TEXT_PAIRS, Tokens, contrast, mix

TABLES = [DARK, LIGHT]


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        # From the tables of the documents "Understanding WCAG".
        ("#000000", "#ffffff", 21.0),
        ("#777777", "#ffffff", 4.48),
        ("#767676", "#ffffff", 4.54),
        ("#ff0000", "#ffffff", 4.0),
    ],
)
def test_contrast_is_that_of_wcag(first: str, second: str, expected: float) -> None:
    assert contrast(first, second) == pytest.approx(expected, abs=0.005)
    assert contrast(second, first) == contrast(first, second)


@pytest.mark.parametrize("tokens", TABLES, ids=lambda tokens: tokens.name)
@pytest.mark.parametrize(("ink", "ground"), TEXT_PAIRS)
def test_every_text_can_be_read(tokens: Tokens, ink: str, ground: str) -> None:
    assert contrast(getattr(tokens, ink), getattr(tokens, ground)) >= 4.5


@pytest.mark.parametrize("tokens", TABLES, ids=lambda tokens: tokens.name)
def test_the_focus_ring_and_the_first_plot_colours_stand_out(tokens: Tokens) -> None:
    # WCAG 1.4.11 requires 3:1 of anything but text that must be seen.
    assert contrast(tokens.accent, tokens.ground) >= 3
    assert contrast(tokens.accent, tokens.panel) >= 3
    for colour in tokens.plot[:3]:
        assert contrast(colour, tokens.panel) >= 3


@pytest.mark.parametrize("tokens", TABLES, ids=lambda tokens: tokens.name)
def test_every_colour_is_a_colour(tokens: Tokens) -> None:
    for field in dataclasses.fields(tokens):
        value = getattr(tokens, field.name)
        for colour in value if isinstance(value, tuple) else [value]:
            assert field.name == "name" or re.fullmatch("#[0-9a-f]{6}", colour)


def test_dark_is_dark() -> None:
    assert DARK.is_dark
    assert not LIGHT.is_dark


def test_mixing_goes_from_one_colour_to_the_other() -> None:
    assert mix("#ff0000", "#0000ff", 1) == "#ff0000"
    assert mix("#ff0000", "#0000ff", 0) == "#0000ff"
    assert mix("#ffffff", "#000000", 0.5) == "#808080"
