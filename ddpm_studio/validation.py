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


def unknown_part(error: ValidationError) -> str | None:
    """Return what a file says that this version has no place or no value for, or None.

    A newer version may know it; so it is told as unknown here, and not as wrong.

    Args:
        error: of the file's validation.

    Returns:
        The first such part, such as "the field request.colour" or "the value 'fp8' of
        request.precision"; None: each part is known, and one is wrong.
    """
    for one in error.errors():
        where = ".".join(str(part) for part in one["loc"])
        if one["type"] == "extra_forbidden":
            return f"the field {where}"
        if one["type"] == "literal_error" and isinstance(one["input"], str | int):
            return f"the value {one['input']!r} of {where}"
    return None


def first_problem(error: ValidationError) -> str:
    """Return the first thing that a validation found."""
    return plainly(str(error.errors()[0]["msg"]))


def placed_problem(error: ValidationError) -> str:
    """Return the first thing that a validation found, behind its place where it has one."""
    where = ".".join(map(str, error.errors()[0]["loc"]))
    problem = first_problem(error)
    return f"{where}: {problem}" if where else problem
