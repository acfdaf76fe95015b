"""Strict parsing of untrusted JSON, and one-line plain text of messages."""

from __future__ import annotations

import math
import os
from pathlib import Path

import pytest

from ddpm_studio.errors import StudioError, printable
from ddpm_studio.strict_json import parse_object, read_object


def test_an_object_comes_back() -> None:
    assert parse_object('{"a": [1, 2.5, null]}', 99) == {"a": [1, 2.5, None]}
    assert math.isnan(parse_object('{"a": NaN}', 99, nan=True)["a"])


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[1]",
        "1",
        '{"a": 1, "a": 2}',
        '{"a": NaN}',
        '{"a": -Infinity}',
        "[" * 90_000,
        "{" * 90_000,
    ],
)
def test_anything_else_is_one_line(text: str) -> None:
    with pytest.raises(ValueError, match=r"\w") as caught:
        parse_object(text, 100_000)
    assert "\n" not in str(caught.value)


def test_what_is_too_long_or_no_file_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "a").write_text('{"a": "' + "x" * 999 + '"}')
    with pytest.raises(ValueError, match="longer than 99 bytes"):
        read_object(tmp_path / "a", 99)
    if hasattr(os, "mkfifo"):
        os.mkfifo(tmp_path / "pipe")
        with pytest.raises(ValueError, match="no plain file"):
            read_object(tmp_path / "pipe", 99)


def test_lines_are_plain() -> None:
    assert printable("a\n b\tᾱ_t × ε") == "a b ᾱ_t × ε"
    assert printable("\x1b[2J\u202ex\ud800") == "�[2J�x�"
    assert len(printable("x" * 10**6)) == 500
    assert StudioError("a\x07b", "c\x00d").args[0] == "a�b c�d"
