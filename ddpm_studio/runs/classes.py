"""Class labels of a run: names and numbers, and whether the network supports no class."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ddpm_studio.errors import StudioError, printable

if TYPE_CHECKING:
    from ddpm_studio.runs.info import RunInfo

NO_CLASS = "none"
"""The word for "without a class" in user input, unless a class has this name."""

# How many classes an error message lists, and how long their names may be.
_MAX_NAMED = 12
_MAX_NAME_LENGTH = 24


def known_classes(info: RunInfo) -> tuple[str, ...]:
    """Return the class names, or numbers if names are unknown; empty: not class-conditional."""
    count = info.network_basics().num_classes or 0
    names = info.data.class_names if info.data else ()
    return names if len(names) == count else tuple(str(number) for number in range(count))


def class_in_turn(number: int, classes: int) -> int:
    """Return the class of picture ``number``, from 0, where all classes are drawn in turn."""
    return number % classes


def classes_in_turn(info: RunInfo, count: int) -> list[int]:
    """Return the class of each of ``count`` pictures, where all classes are drawn in turn."""
    classes = len(known_classes(info))
    return [class_in_turn(number, classes) for number in range(count)]


def class_number(info: RunInfo, text: str) -> int:
    """Parse a class given by name or number; a name takes precedence over a number.

    Raises:
        StudioError: if the network has no classes, or not this one.
    """
    names = known_classes(info)
    if text in names:
        return names.index(text)
    if text.isascii() and text.isdigit():
        check_class(info, int(text))
        return int(text)
    raise _unknown_class_error(names, text)


def class_or_none(info: RunInfo, text: str) -> int | None:
    """Parse a class as :func:`class_number`, or None for the word :data:`NO_CLASS`.

    Raises:
        StudioError: as :func:`class_number`.
    """
    if text == NO_CLASS and text not in known_classes(info):
        return None
    return class_number(info, text)


def check_class(info: RunInfo, number: int) -> None:
    """Check that the network has a class of this number.

    Raises:
        StudioError: if not; lists its classes.
    """
    names = known_classes(info)
    if number >= len(names):
        raise _unknown_class_error(names, str(number))


def needs_class(info: RunInfo) -> bool:
    """Whether a network is class-conditional without a null label, and so always needs a class."""
    return info.network_basics().num_classes is not None and not info.has_learnt_null_label


def check_null_label(info: RunInfo) -> None:
    """Check that a network can predict without a class (has learnt the null label).

    Raises:
        StudioError: if it needs a class.
    """
    if needs_class(info):
        raise StudioError(
            'This model was trained on classes alone: it has no "no class" to be asked with.',
            f"Choose a class, 0 to {len(known_classes(info)) - 1}.",
        )


def check_class_or_none(info: RunInfo, number: int | None) -> None:
    """Check that a network has a class, or that it can predict without one if that is None.

    Raises:
        StudioError: as :func:`check_class` and :func:`check_null_label`.
    """
    if number is None:
        check_null_label(info)
    else:
        check_class(info, number)


def check_guidance(info: RunInfo, guidance: float) -> None:
    """Check that a network supports classifier-free guidance, which needs the null label.

    Raises:
        StudioError: if ``guidance`` is not 1 and the network never saw pictures without a class.
    """
    if guidance != 1 and not info.has_learnt_null_label:
        raise StudioError(
            'This model has no "no class", which guidance leads away from.',
            "Leave guidance at 1, or fine-tune the model with label dropout.",
        )


def _unknown_class_error(names: tuple[str, ...], requested: str) -> StudioError:
    if not names:
        return StudioError(
            "This model was trained without classes: it can't be guided to one.",
            "Leave class and guidance out, or train with classes.",
        )
    listed_names = [
        name if name == str(number) else f"{number} {printable(name, _MAX_NAME_LENGTH)}"
        for number, name in enumerate(names[:_MAX_NAMED])
    ]
    more = len(names) - len(listed_names)
    rest = f" and {more:,} more, up to {len(names) - 1}" if more else ""
    return StudioError(
        f"There is no class {printable(requested, _MAX_NAME_LENGTH)}.",
        f"This model's classes are {', '.join(listed_names)}{rest}.",
    )
