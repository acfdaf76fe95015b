"""Class labels of a run: by number in a request, by name for people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ddpm_studio.errors import StudioError, plain

if TYPE_CHECKING:
    from ddpm_studio.runs.info import RunInfo

NO_CLASS = "none"
"""What a person writes for "without a class", unless a class is called so."""

# More than these are no help in one line of an error.
_MOST_NAMED = 12
_LONGEST_NAME = 24


def known_classes(info: RunInfo) -> tuple[str, ...]:
    """Return the name of each class, its number where names are not known; none: no classes."""
    count = info.network_basics().num_classes or 0
    names = info.data.class_names if info.data else ()
    return names if len(names) == count else tuple(str(number) for number in range(count))


def class_in_turn(number: int, classes: int) -> int:
    """Return the class of a picture of a drawing of all of them, by its number, from 0."""
    return number % classes


def classes_in_turn(info: RunInfo, count: int) -> list[int]:
    """Return the class of each picture of a drawing of all that a run's network knows."""
    classes = len(known_classes(info))
    return [class_in_turn(number, classes) for number in range(count)]


def class_number(info: RunInfo, word: str) -> int:
    """Return the number of the class that a person means; a name wins over a number.

    Raises:
        StudioError: if the network knows no classes, or not this one.
    """
    names = known_classes(info)
    if word in names:
        return names.index(word)
    if word.isascii() and word.isdigit():
        check_class(info, int(word))
        return int(word)
    raise _unknown(names, word)


def class_or_none(info: RunInfo, word: str) -> int | None:
    """Return the number of the class that a person means; None for :data:`NO_CLASS`.

    Raises:
        StudioError: as :func:`class_number`.
    """
    if word == NO_CLASS and word not in known_classes(info):
        return None
    return class_number(info, word)


def check_class(info: RunInfo, number: int) -> None:
    """Refuse a class that the network does not know.

    Raises:
        StudioError: naming those that it knows.
    """
    names = known_classes(info)
    if number >= len(names):
        raise _unknown(names, str(number))


def needs_class(info: RunInfo) -> bool:
    """Whether a network was trained on classes alone, and can't be asked without one."""
    return info.network_basics().num_classes is not None and not info.learnt_withheld


def check_withheld(info: RunInfo, instead: str = "") -> None:
    """Refuse to ask a network without a class whose weights have none for "no class".

    Args:
        info: of its run.
        instead: what can be done where it is never asked with one; empty: a class can be chosen.

    Raises:
        StudioError: saying so.
    """
    if needs_class(info):
        raise StudioError(
            'This model was trained on classes alone: it has no "no class" to be asked with.',
            f"{instead}, or fine-tune the model with label dropout."
            if instead
            else f"Choose a class, 0 to {len(known_classes(info)) - 1}.",
        )


def check_guidance(info: RunInfo, guidance: float) -> None:
    """Refuse guidance away from what was never learnt: pictures whose class is withheld.

    Raises:
        StudioError: saying so.
    """
    if guidance != 1 and not info.learnt_withheld:
        raise StudioError(
            'This model has no "no class", which guidance leads away from.',
            "Leave guidance at 1, or fine-tune the model with label dropout.",
        )


def _unknown(names: tuple[str, ...], asked: str) -> StudioError:
    if not names:
        return StudioError(
            "This model was trained without classes: it can't be guided to one.",
            "Leave class and guidance out, or train with classes.",
        )
    told = [
        name if name == str(number) else f"{number} {plain(name, _LONGEST_NAME)}"
        for number, name in enumerate(names[:_MOST_NAMED])
    ]
    more = len(names) - len(told)
    rest = f" and {more:,} more, up to {len(names) - 1}" if more else ""
    return StudioError(
        f"There is no class {plain(asked, _LONGEST_NAME)}.",
        f"This model's classes are {', '.join(told)}{rest}.",
    )
