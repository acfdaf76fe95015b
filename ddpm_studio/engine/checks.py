"""Argument checks: unknown names, numbers out of range, wrong shapes.

Each error message gives the value received and what is allowed. Values of tensors on a GPU are not
checked, since reading them would synchronise with it; names, numbers and shapes need no
synchronisation.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor

PICTURES = ("N", "C", "H", "W")


def check_name(kind: str, name: object, names: Iterable[str]) -> None:
    """Check that a name is one of ``names``.

    Raises:
        ValueError: if not; the message lists the known names.
    """
    known = tuple(names)
    if name not in known:
        raise ValueError(f"no {kind} {name!r}; there are {', '.join(known)}")


def check_integer(name: str, value: object, low: int, high: int | None = None) -> None:
    """Check that a value is an integer in ``low``..``high``; ``high`` None: no upper limit.

    Raises:
        ValueError: if not; the message gives the range.
    """
    is_int = isinstance(value, int) and not isinstance(value, bool)
    if not (is_int and low <= value and (high is None or value <= high)):  # type: ignore[operator]
        allowed = f"{low} or more" if high is None else f"{low}..{high}"
        raise ValueError(f"{name} must be {allowed}, not {value!r}")


def check_number(name: str, value: float, low: float, high: float | None = None) -> None:
    """Check that a value is a finite number in ``low``..``high``; ``high`` None: no upper limit.

    Raises:
        ValueError: if not; the message gives the range.
    """
    if not (low <= value < float("inf") and (high is None or value <= high)):
        allowed = f"{low:g} or more" if high is None else f"{low:g}..{high:g}"
        raise ValueError(f"{name} must be {allowed}, not {value}")


def check_positive(name: str, value: float) -> None:
    """Check that a value is a finite number above 0.

    Raises:
        ValueError: if not; the message gives the value.
    """
    if not 0 < value < float("inf"):
        raise ValueError(f"{name} must be above 0, not {value}")


def check_values(name: str, x: Tensor, low: float, high: float | None = None) -> None:
    """Check that all values of a CPU tensor are finite numbers in ``low``..``high``.

    Values on another device are not checked, since reading them would synchronise with it.

    Raises:
        ValueError: if one is not; the message gives the range.
    """
    if x.device.type != "cpu" or not x.numel():
        return
    for value in (x.min(), x.max()):
        check_number(name, value.item(), low, high)


def check_seed(seed: object) -> None:
    """Check that a seed is an integer in 0..2^63−1.

    Raises:
        ValueError: if not; the message gives the range.
    """
    check_integer("the seed", seed, 0, 2**63 - 1)


def check_shape(name: str, x: Tensor, shape: Sequence[int | str]) -> None:
    """Check the shape of a tensor; a letter in ``shape`` matches any size.

    Raises:
        ValueError: if it differs; the message gives both shapes.
    """
    fits = x.ndim == len(shape) and all(
        isinstance(size, str) or size == actual for size, actual in zip(shape, x.shape, strict=True)
    )
    if not fits:
        expected = ", ".join(map(str, shape)) + ("," if len(shape) == 1 else "")
        raise ValueError(f"{name} must have shape ({expected}), not {tuple(x.shape)}")


def check_pictures(name: str, x: Tensor) -> None:
    """Check that a tensor is a batch of pictures: floating point, shape (N, C, H, W).

    Raises:
        ValueError: if not; the message gives the shape or dtype.
    """
    check_shape(name, x, PICTURES)
    check_floating(name, x)


def check_batch(name: str, x: Tensor) -> None:
    """Check that a tensor is a batch of data: floating point, shape (N, …), such as (N, C, H, W).

    Raises:
        ValueError: if not; the message gives the shape or dtype.
    """
    if x.ndim < 2:
        raise ValueError(f"{name} must have shape (N, C, H, W) or (N, …), not {tuple(x.shape)}")
    check_floating(name, x)


def check_floating(name: str, x: Tensor) -> None:
    """Check that a tensor has a floating-point dtype.

    Raises:
        ValueError: if not; the message gives the dtype.
    """
    if not x.is_floating_point():
        raise ValueError(f"{name} must be floating, not {x.dtype}")


def check_like(name: str, x: Tensor, like_name: str, like: Tensor) -> None:
    """Check that a tensor has the same shape as ``like``.

    Raises:
        ValueError: if not; the message gives both shapes.
    """
    if x.shape != like.shape:
        raise ValueError(
            f"{name} must have the shape of {like_name}, {tuple(like.shape)}, not {tuple(x.shape)}"
        )


def check_broadcasts(name: str, x: Tensor, like_name: str, like: Tensor) -> None:
    """Check that a tensor's shape can be broadcast to that of ``like``.

    Raises:
        ValueError: if not; the message gives both shapes.
    """
    sizes = zip(reversed(x.shape), reversed(like.shape), strict=False)
    if x.ndim > like.ndim or any(size not in (1, actual) for size, actual in sizes):
        check_like(name, x, like_name, like)
