"""CONTRIBUTING.md names files that are there and shows the toy package as it is."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from ddpm_studio import catalogue

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^<!-- (\S+) -->\n```\w+\n(.*?)```$", TEXT, re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize(("name", "shown"), BLOCKS, ids=[name for name, _ in BLOCKS])
def test_what_is_shown_is_what_is_tested(name: str, shown: str) -> None:
    assert shown == (ROOT / name).read_text(encoding="utf-8")


def test_the_files_named_are_there() -> None:
    named = re.findall(r"`((?:ddpm_studio|tests)/[^`]*)`", TEXT)
    assert len(named) > 10
    assert [name for name in named if not (ROOT / name).exists()] == []


def test_the_table_names_every_kind() -> None:
    for table in catalogue.KINDS.values():
        if table.kind not in UNUSED:
            assert f"`{table.takes.__name__}`" in TEXT


# Its table is there, and what uses it is not.
UNUSED = {"variance"}
