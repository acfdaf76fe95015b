"""Inter-frame differences of an animation, as GIF and APNG store it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from PIL import Image, ImageChops

Box = tuple[int, int, int, int]


@dataclass(frozen=True)
class FrameDifference:
    """Bounding box of a frame's difference from the previous one; the first frame is whole.

    Args:
        image: the content of the box.
        left: left edge of the box, in pixels.
        top: top edge of the box, in pixels.
        milliseconds: duration of the frame.
    """

    image: Image.Image
    left: int
    top: int
    milliseconds: int


def iter_differences(
    images: Iterable[Image.Image],
    durations: Iterable[int],
    fits: Callable[[int], bool] = lambda _: True,
) -> Iterator[FrameDifference]:
    """Yield inter-frame differences; a frame equal to the previous one extends its duration.

    Args:
        images: of one size and mode, consumed lazily.
        durations: duration of each, in milliseconds.
        fits: whether the format can express a duration; if not, an equal frame is repeated whole.
    """
    pending: tuple[Image.Image, Box | None, int] | None = None
    for image, duration in zip(images, durations, strict=True):
        box = None
        if pending is not None:
            previous, _, previous_duration = pending
            box = _difference(previous, image)
            if box is None and fits(previous_duration + duration):
                pending = (*pending[:2], previous_duration + duration)
                continue
            yield _crop_difference(*pending)
        pending = image, box, duration
    if pending is not None:
        yield _crop_difference(*pending)


def _crop_difference(image: Image.Image, box: Box | None, duration: int) -> FrameDifference:
    if box is None or box == (0, 0, *image.size):
        return FrameDifference(image, 0, 0, duration)
    return FrameDifference(image.crop(box), *box[:2], duration)


def _difference(first: Image.Image, second: Image.Image) -> Box | None:
    """Return the bounding box of the pixels that differ, or None."""
    if first.getpalette() != second.getpalette():
        first, second = first.convert("RGB"), second.convert("RGB")
    return ImageChops.difference(first, second).getbbox(alpha_only=False)
