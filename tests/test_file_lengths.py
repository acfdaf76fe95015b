"""Length of the package's modules: at most 400 lines, so that each has one subject."""

from __future__ import annotations

from pathlib import Path

import ddpm_studio

PACKAGE = Path(ddpm_studio.__file__).parent
MOST_LINES = 400


def test_no_module_is_longer_than_400_lines() -> None:
    lengths = {
        path.relative_to(PACKAGE).as_posix(): len(path.read_text(encoding="utf-8").splitlines())
        for path in PACKAGE.rglob("*.py")
    }
    assert "__init__.py" in lengths
    assert {name: lines for name, lines in lengths.items() if lines > MOST_LINES} == {}
