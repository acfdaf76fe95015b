"""Lesson files: a view of the window, given by its recipe or concept, and questions about it.

A lesson is JSON, ``{"format": "ddpm-studio lesson", "version": 1, …}``, and is untrusted: it is
read strictly. An unknown version is reported as such, and not as damage.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from ddpm_studio.catalogue.concepts import CONCEPTS
from ddpm_studio.errors import StudioError, printable
from ddpm_studio.export.atomic_writes import atomic_write, check_suffix
from ddpm_studio.export.recipe import recipe_text
from ddpm_studio.export.text_metadata import MAX_RECIPE_BYTES
from ddpm_studio.strict_json import read_object
from ddpm_studio.validation import first_problem_with_field

LESSON_SUFFIX = ".lesson"

_FORMAT, _VERSION = "ddpm-studio lesson", 1
_MAX_BYTES = MAX_RECIPE_BYTES + (256 << 10)
_MAX_QUESTIONS = 100

_LongText = Annotated[str, Field(max_length=4000)]


class Question(BaseModel):
    """A question about the view, and its answer, which may be empty."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    question: Annotated[str, Field(min_length=1, max_length=4000)]
    answer: _LongText = ""


class _Version1(BaseModel):
    """Schema of lesson files of version 1."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    format: str
    version: int
    title: Annotated[str, Field(min_length=1, max_length=200)]
    recipe: dict[str, Any] | None = None
    concept: Annotated[str, Field(max_length=100)] | None = None
    questions: Annotated[list[Question], Field(max_length=_MAX_QUESTIONS)] = []

    @model_validator(mode="after")
    def _check_one_view(self) -> _Version1:
        if (self.recipe is None) == (self.concept is None):
            raise ValueError("a lesson has a recipe or a concept, one of them")
        return self


@dataclass(frozen=True)
class Lesson:
    """A lesson: a view to show, and questions about it.

    Args:
        title: one line.
        questions: in order; may be empty.
        recipe: recipe of a drawing, as in its pictures: tool, run, settings, seed, t, pictures.
        concept: a name of :data:`ddpm_studio.catalogue.concepts.CONCEPTS`, if the view is a page of
            Learn.
    """

    title: str
    questions: tuple[Question, ...] = ()
    recipe: dict[str, object] | None = None
    concept: str | None = None


def write_lesson(path: Path, lesson: Lesson) -> None:
    """Write a lesson file atomically.

    Raises:
        StudioError: for another suffix, none or both of recipe and concept, too long texts, a
            recipe with more pictures than fit, or if it can't be written.
    """
    check_suffix(path, {LESSON_SUFFIX})
    content: dict[str, object] = {
        "format": _FORMAT,
        "version": _VERSION,
        "title": lesson.title,
        "questions": [question.model_dump() for question in lesson.questions],
    }
    views = {"recipe": lesson.recipe, "concept": lesson.concept}
    content |= {key: view for key, view in views.items() if view is not None}
    try:
        _Version1.model_validate(content)
        recipe_text(lesson.recipe or {})
    except ValueError as error:
        reason = (
            first_problem_with_field(error) if isinstance(error, ValidationError) else str(error)
        )
        raise StudioError(
            f"This can't be made a lesson: {printable(reason, 200)}.",
            "Change title or questions, or choose fewer pictures.",
            str(error),
        ) from error
    with atomic_write(path) as temporary:
        text = json.dumps(content, ensure_ascii=False, allow_nan=False, indent=1)
        # The name of a run's folder may contain lone surrogates; the escapes are valid in JSON.
        temporary.write_text(text, encoding="utf-8", errors="backslashreplace")


def read_lesson(path: Path) -> Lesson:
    """Read a lesson; its recipe must be validated as a request before it is used.

    Raises:
        StudioError: if the file can't be read, is no lesson, or has a version or parts that are
            unknown here.
    """
    try:
        content = read_object(path, _MAX_BYTES)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise StudioError(
            f"{path.name} can't be read as a lesson: {reason}.", "Check the file."
        ) from error
    if content.get("format") != _FORMAT:
        raise StudioError(
            f"{path.name} is no lesson of DDPM Studio.",
            "A lesson is made in the window: File, Make a lesson of this view.",
        )
    version = content.get("version")
    if version != _VERSION or type(version) is not int:
        raise StudioError(
            f"{path.name} is a lesson of version {printable(str(version), 40)}, which is not known "
            "here.",
            f"This program knows version {_VERSION}: take a newer program.",
        )
    try:
        checked = _Version1.model_validate(content)
    except ValidationError as error:
        raise StudioError(
            f"{path.name} is not a lesson as version {_VERSION} has them: "
            f"{printable(first_problem_with_field(error), 200)}.",
            "Make it anew in the window.",
            str(error),
        ) from error
    if checked.concept is not None and checked.concept not in CONCEPTS:
        raise StudioError(
            f"{path.name} is about {printable(checked.concept, 80)!r}, a concept that is not known "
            "here.",
            f"There are: {', '.join(CONCEPTS)}.",
        )
    questions = tuple(
        Question(
            question=_sanitize_lines(question.question), answer=_sanitize_lines(question.answer)
        )
        for question in checked.questions
    )
    return Lesson(printable(checked.title, 200), questions, checked.recipe, checked.concept)


def _sanitize_lines(text: str) -> str:
    """Sanitise untrusted text of several lines for display."""
    return "\n".join(printable(line) for line in text.split("\n")) if text else ""
