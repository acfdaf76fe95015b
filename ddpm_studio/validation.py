"""Pydantic validation errors reworded in plain English."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pydantic import ValidationError

_REWORDINGS = (
    ("Value error, ", ""),
    ("Input should be ", "must be "),
    ("greater than or equal to", "at least"),
    ("less than or equal to", "at most"),
    ("String should match pattern '^#[0-9a-fA-F]{6}$'", "must be a colour such as #ffffff"),
    ("a valid integer", "a whole number"),
    ("a valid number", "a number"),
    ("Field required", "is missing"),
    ("Extra inputs are not permitted", "is not known here"),
)


def reword_message(message: str) -> str:
    """Reword a message of pydantic in plain English, without a full stop."""
    for original, replacement in _REWORDINGS:
        message = message.replace(original, replacement)
    # pydantic says twice that a text is no number.
    message = message.partition(", unable to parse")[0]
    return message.rstrip(".")


def first_unknown_field(error: ValidationError) -> str | None:
    """Return the first unknown field or value of a file that failed validation, or None.

    A newer version may know it, so it is reported as unknown and not as wrong.

    Args:
        error: the file's validation error.

    Returns:
        Text such as "the field request.colour" or "the value 'fp8' of request.precision"; None if
        all fields and values are known, and one is invalid.
    """
    for detail in error.errors():
        field = ".".join(str(part) for part in detail["loc"])
        if detail["type"] == "extra_forbidden":
            return f"the field {field}"
        if detail["type"] == "literal_error" and isinstance(detail["input"], str | int):
            return f"the value {detail['input']!r} of {field}"
    return None


def first_problem(error: ValidationError) -> str:
    """Return the message of the first validation error, in plain words."""
    return reword_message(str(error.errors()[0]["msg"]))


def first_problem_with_field(error: ValidationError) -> str:
    """Return the message of the first validation error, prefixed by its field: "field: message"."""
    field = ".".join(map(str, error.errors()[0]["loc"]))
    problem = first_problem(error)
    return f"{field}: {problem}" if field else problem
