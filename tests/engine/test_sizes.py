"""Formatting of picture sizes: one spelling throughout, the width first."""

from __future__ import annotations

import re
from pathlib import Path

import ddpm_studio
from ddpm_studio.engine.sizes import side_text, size_text

# Two numbers that code formats, such as "{width}×{height}".
_SPELT_ANEW = re.compile(r"[\w\]]\}( ?× ?)\{")
_SIZES = "engine/sizes.py"


def test_both_sides_are_told_of_a_rectangle_and_one_of_a_square() -> None:
    assert size_text(96, 64) == side_text(96, 64) == "96 × 64"
    assert size_text(32, 32) == "32 × 32"
    assert side_text(32, 32) == "32"


def test_no_other_code_spells_a_size() -> None:
    package = Path(ddpm_studio.__file__).parent
    found = {
        path.relative_to(package).as_posix(): match.group()
        for path in package.rglob("*.py")
        for match in _SPELT_ANEW.finditer(path.read_text(encoding="utf-8"))
    }
    assert found == {_SIZES: "h} × {"}
