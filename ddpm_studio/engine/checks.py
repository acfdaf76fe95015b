"""Checks of arguments: unknown names, numbers out of range, wrong shapes.

Each says what was given and what is right. Values on a GPU are not looked at, which would wait for
it; names, numbers and shapes are known without.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor

PICTURES = ("N", "C", "H", "W")


def check_name(kind: str, name: object, names: Iterable[str]) -> None:
    """Refuse a name that is not one of ``names``.

    Raises:
        ValueError: with a list of them.
    """
    known = tuple(names)
    if name not in known:
        raise ValueError(f"no {kind} {name!r}; there are {', '.join(known)}")


def check_whole(what: str, value: object, low: int, high: int | None = None) -> None:
    """Refuse what is no whole number in ``low``..``high``; None: without end.

    Raises:
        ValueError: with the range.
    """
    whole = isinstance(value, int) and not isinstance(value, bool)
    if not (whole and low <= value and (high is None or value <= high)):  # type: ignore[operator]
        allowed = f"{low} or more" if high is None else f"{low}..{high}"
        raise ValueError(f"{what} must be {allowed}, not {value!r}")


def check_number(what: str, value: float, low: float, high: float | None = None) -> None:
    """Refuse what is no finite number in ``low``..``high``; None: without end.

    Raises:
        ValueError: with the range.
    """
    if not (low <= value < float("inf") and (high is None or value <= high)):
        allowed = f"{low:g} or more" if high is None else f"{low:g}..{high:g}"
        raise ValueError(f"{what} must be {allowed}, not {value}")


def check_positive(what: str, value: float) -> None:
    """Refuse what is no finite number above 0.

    Raises:
        ValueError: naming it.
    """
    if not 0 < value < float("inf"):
        raise ValueError(f"{what} must be above 0, not {value}")


def check_values(what: str, x: Tensor, low: float, high: float | None = None) -> None:
    """Refuse values that are no finite numbers in ``low``..``high``, on the CPU alone.

    Values on another device are not looked at, which would wait for it.

    Raises:
        ValueError: with the range.
    """
    if x.device.type != "cpu" or not x.numel():
        return
    for value in (x.min(), x.max()):
        check_number(what, value.item(), low, high)


def check_seed(seed: object) -> None:
    """Refuse a seed outside 0..2^63−1.

    Raises:
        ValueError: with the range.
    """
    check_whole("the seed", seed, 0, 2**63 - 1)


def check_shape(what: str, x: Tensor, shape: Sequence[int | str]) -> None:
    """Refuse another shape; a letter stands for any size.

    Raises:
        ValueError: naming both.
    """
    fits = x.ndim == len(shape) and all(
        isinstance(size, str) or size == has for size, has in zip(shape, x.shape, strict=True)
    )
    if not fits:
        expected = ", ".join(map(str, shape)) + ("," if len(shape) == 1 else "")
        raise ValueError(f"{what} must have shape ({expected}), not {tuple(x.shape)}")


def check_pictures(what: str, x: Tensor) -> None:
    """Refuse what is no batch of pictures, floating and of shape (N, C, H, W).

    Raises:
        ValueError: naming shape or type.
    """
    check_shape(what, x, PICTURES)
    check_floating(what, x)


def check_batch(what: str, x: Tensor) -> None:
    """Refuse what is no batch of data, floating and of shape (N, …), such as (N, C, H, W).

    Raises:
        ValueError: naming shape or type.
    """
    if x.ndim < 2:
        raise ValueError(f"{what} must have shape (N, C, H, W) or (N, …), not {tuple(x.shape)}")
    check_floating(what, x)


def check_floating(what: str, x: Tensor) -> None:
    """Refuse numbers that are not floating.

    Raises:
        ValueError: naming their type.
    """
    if not x.is_floating_point():
        raise ValueError(f"{what} must be floating, not {x.dtype}")


def check_like(what: str, x: Tensor, like_what: str, like: Tensor) -> None:
    """Refuse another shape than that of ``like``.

    Raises:
        ValueError: naming both.
    """
    if x.shape != like.shape:
        raise ValueError(
            f"{what} must have the shape of {like_what}, {tuple(like.shape)}, not {tuple(x.shape)}"
        )


def check_broadcasts(what: str, x: Tensor, like_what: str, like: Tensor) -> None:
    """Refuse a shape that does not broadcast to that of ``like``.

    Raises:
        ValueError: naming both.
    """
    sizes = zip(reversed(x.shape), reversed(like.shape), strict=False)
    if x.ndim > like.ndim or any(size not in (1, has) for size, has in sizes):
        check_like(what, x, like_what, like)
