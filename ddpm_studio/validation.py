"""Validation errors in plain words instead of the validator's."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pydantic import ValidationError

_PLAIN = (
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


def plainly(message: str) -> str:
    """Return the validator's message without its own stiff words and without a full stop."""
    for stiff, words in _PLAIN:
        message = message.replace(stiff, words)
    # It says twice that a text is no number.
    message = message.partition(", unable to parse")[0]
    return message.rstrip(".")


def first_problem(error: ValidationError) -> str:
    """Return the first thing that a validation found."""
    return plainly(str(error.errors()[0]["msg"]))
