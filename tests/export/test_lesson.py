from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ddpm_studio.errors import StudioError
from ddpm_studio.export.lesson import Lesson, Question, read_lesson, write_lesson

RECIPE: dict[str, object] = {
    "kind": "sample",
    "request": {"run": "/runs/a", "count": 4, "seed": 9},
    "inputs": {},
}
ASKED = (Question(question="What is β?\nSay it.", answer="A variance."), Question(question="ᾱ?"))


@pytest.mark.parametrize(
    "lesson",
    [
        Lesson("Noise “ε”", ASKED, recipe=RECIPE),
        Lesson("The chain", (), concept="markov"),
        Lesson("Ümlaut", (), recipe={"kind": "sample", "request": {"run": "/runs/\udce9β"}}),
    ],
)
def test_round_trip(tmp_path: Path, lesson: Lesson) -> None:
    path = tmp_path / "one.lesson"
    write_lesson(path, lesson)
    assert read_lesson(path) == lesson
    write_lesson(path, lesson)
    assert [one.name for one in tmp_path.iterdir()] == ["one.lesson"]


def content(**changed: Any) -> dict[str, Any]:
    whole: dict[str, Any] = {
        "format": "ddpm-studio lesson",
        "version": 1,
        "title": "Noise",
        "concept": "forward",
        "questions": [],
    }
    return {key: value for key, value in (whole | changed).items() if value is not ...}


def refused(tmp_path: Path, text: str | bytes) -> str:
    path = tmp_path / "hostile.lesson"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(StudioError) as error:
        read_lesson(path)
    assert "\n" not in str(error.value)
    return str(error.value)


@pytest.mark.parametrize("version", [2, 99, "1", 1.0, True, None, "\x1b[2J", 10**30])
def test_another_version_is_not_known_and_not_damaged(tmp_path: Path, version: object) -> None:
    said = refused(tmp_path, json.dumps(content(version=version, more={"of": "it"})))
    assert "not known here" in said
    assert "damage" not in said
    assert "\x1b" not in said


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "can't be read as a lesson"),
        ("[1, 2]", "no JSON object"),
        ('{"a": 1, "a": 2}', "twice"),
        ("[" * 100_000, "nested too deeply"),
        (b"\xff\xfe\x00", "can't be read as a lesson"),
        ("{" + " " * (2 << 20) + "}", "longer than"),
        (json.dumps(content(format="something else")), "no lesson of DDPM Studio"),
        (json.dumps(content(version=...)), "not known here"),
        (json.dumps(content(title="")), "title"),
        (json.dumps(content(title=["a"])), "title"),
        (json.dumps(content(title="a" * 201)), "title"),
        (json.dumps(content(command="rm -r")), "command"),
        (json.dumps(content(recipe={}, concept="markov")), "one of them"),
        (json.dumps(content(concept=...)), "one of them"),
        (json.dumps(content(concept="alchemy")), "not known here"),
        (json.dumps(content(questions="why")), "questions"),
        (json.dumps(content(questions=[{"question": ""}])), "questions.0.question"),
        (json.dumps(content(questions=[{"question": "a", "html": "<b>"}])), "html"),
        (json.dumps(content(questions=[{"question": "a"}] * 101)), "questions"),
        ('{"format": "ddpm-studio lesson", "version": 1, "title": NaN}', "not JSON"),
    ],
)
def test_what_is_no_lesson_is_refused_in_a_line(
    tmp_path: Path, text: str | bytes, said: str
) -> None:
    assert said in refused(tmp_path, text)


def test_control_characters_of_strangers_are_not_shown(tmp_path: Path) -> None:
    path = tmp_path / "a.lesson"
    bad = [{"question": "one\x1b[31m\ntwo\u202e", "answer": "\x07"}]
    path.write_text(json.dumps(content(title="a\x1bb", questions=bad)), encoding="utf-8")
    lesson = read_lesson(path)
    assert lesson.title == "a�b"
    assert lesson.questions[0].question.split("\n") == ["one�[31m", "two�"]
    assert lesson.questions[0].answer == "�"


def test_what_does_not_fit_is_not_written(tmp_path: Path) -> None:
    for lesson, name in (
        (Lesson("", concept="markov"), "a.lesson"),
        (Lesson("a"), "a.lesson"),
        (Lesson("a", recipe={"inputs": "x" * (2 << 20)}), "a.lesson"),
        (Lesson("a", concept="markov"), "a.json"),
        (Lesson("a", concept="markov"), "missing/a.lesson"),
    ):
        with pytest.raises(StudioError):
            write_lesson(tmp_path / name, lesson)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_is_no_lesson(tmp_path: Path) -> None:
    (tmp_path / "a.lesson").mkdir()
    with pytest.raises(StudioError, match="can't be read as a lesson"):
        read_lesson(tmp_path / "a.lesson")
