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
    held: tuple[Image.Image, Box | None, int] | None = None
    for image, duration in zip(images, durations, strict=True):
        box = None
        if held is not None:
            before, _, lasted = held
            box = _difference(before, image)
            if box is None and fits(lasted + duration):
                held = (*held[:2], lasted + duration)
                continue
            yield _crop_difference(*held)
        held = image, box, duration
    if held is not None:
        yield _crop_difference(*held)


def _crop_difference(image: Image.Image, box: Box | None, duration: int) -> FrameDifference:
    if box is None or box == (0, 0, *image.size):
        return FrameDifference(image, 0, 0, duration)
    return FrameDifference(image.crop(box), *box[:2], duration)


def _difference(before: Image.Image, after: Image.Image) -> Box | None:
    """Return the bounding box of the pixels that differ, or None."""
    if before.getpalette() != after.getpalette():
        before, after = before.convert("RGB"), after.convert("RGB")
    return ImageChops.difference(before, after).getbbox(alpha_only=False)
