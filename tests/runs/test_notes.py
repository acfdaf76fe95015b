from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from ddpm_studio.errors import StudioError
from ddpm_studio.runs.notes import Notes, find_notes, parse_tags, read_notes, write_notes


def test_notes_come_back_and_are_plain_json(tmp_path: Path) -> None:
    assert read_notes(tmp_path) == Notes()
    notes = Notes(("good", "lr ×3"), "\n  ε looks flat\nsecond")
    write_notes(tmp_path, notes)
    assert read_notes(tmp_path) == notes
    assert notes.first_line == "ε looks flat"
    assert json.loads((tmp_path / "notes.json").read_text())["tags"] == ["good", "lr ×3"]
    assert [entry.name for entry in tmp_path.iterdir()] == ["notes.json"]


def test_tags_are_trimmed_and_told_once() -> None:
    assert parse_tags(" a,b ,, a,  two   words ") == ("a", "b", "two words")
    assert parse_tags("x" * 300) == ("x" * 40,)
    assert len(parse_tags(",".join(map(str, range(99))))) == 20


@pytest.mark.parametrize("content", ["", "[]", "{", '{"format": 9}', '{"format": 1, "tags": 3}'])
def test_a_damaged_file_is_as_none(tmp_path: Path, content: str) -> None:
    (tmp_path / "notes.json").write_text(content)
    assert read_notes(tmp_path) == Notes()


def test_notes_that_were_emptied_are_others_than_none(tmp_path: Path) -> None:
    assert find_notes(tmp_path) is None
    write_notes(tmp_path, Notes())
    assert find_notes(tmp_path) == Notes()
    (tmp_path / "notes.json").write_text("{")
    assert find_notes(tmp_path) is None


def test_what_can_not_be_saved_is_told_in_one_line(tmp_path: Path) -> None:
    write_notes(tmp_path, Notes(text="kept"))
    with pytest.raises(StudioError, match="1 MiB"):
        write_notes(tmp_path, Notes(text="x" * (1 << 21)))
    assert read_notes(tmp_path).text == "kept"
    with pytest.raises(StudioError, match="can't be saved"):
        write_notes(tmp_path / "gone", Notes(text="x"))


def test_notes_are_read_without_torch() -> None:
    code = "import sys, ddpm_studio.runs.notes; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
