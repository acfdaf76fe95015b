"""Animated PNG writer, lossless, frame by frame [PNG Specification, Third Edition, § 11.3.6]."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import BinaryIO

from ddpm_studio.export.frame_differences import FrameDifference, iter_differences
from ddpm_studio.export.grid import Pictures, zoom
from ddpm_studio.export.monitored import Monitor, encode_image
from ddpm_studio.export.pictures import to_image
from ddpm_studio.export.recipe import png_text
from ddpm_studio.export.timing import Timeline

_SIGNATURE = 8
_MAX_DELAY_TERM = 0xFFFF
_NO_DISPOSAL, _REPLACE = 0, 0


def write_apng(
    file: BinaryIO,
    frames: Sequence[Pictures],
    timeline: Timeline,
    scale: int,
    loop: bool,
    recipe: dict[str, object] | None,
    monitor: Monitor,
) -> None:
    """Write frames of equal shape (H, W, C), C 1 to 4, each as soon as it is encoded.

    A single frame, or frames that are all equal, make a still PNG.

    Args:
        file: open for writing, at its beginning; its number of frames is filled in at the end.
        frames: accessed one after the other.
        timeline: duration of each frame.
        scale: integer zoom.
        loop: repeat for ever.
        recipe: the recipe to store.
        monitor: receives the progress, by frame.

    Raises:
        ValueError: if a frame lasts longer than the format allows, or the recipe is too long.
    """
    images = (to_image(zoom(frame, scale)) for frame in monitor.track(frames))
    differences = iter_differences(images, timeline.durations(1000), _is_exact_delay)
    first = next(differences)
    still = encode_image(first.image, monitor, "PNG", pnginfo=png_text(recipe))
    second = next(differences, None)
    if second is None:
        file.write(still)
        return
    file.write(still[:_SIGNATURE])
    started = False
    for kind, content in _chunks(still):
        if kind == b"IDAT" and not started:
            started = True
            control = file.tell()
            _write_chunk(file, b"acTL", struct.pack(">II", 0, 0 if loop else 1))
            _write_chunk(file, b"fcTL", _frame_control(0, first))
        if kind != b"IEND":
            _write_chunk(file, kind, content)
    sequence_number, count = 1, 1
    difference: FrameDifference | None = second
    while difference is not None:
        _write_chunk(file, b"fcTL", _frame_control(sequence_number, difference))
        sequence_number += 1
        for kind, content in _chunks(encode_image(difference.image, monitor, "PNG")):
            if kind == b"IDAT":
                _write_chunk(file, b"fdAT", struct.pack(">I", sequence_number) + content)
                sequence_number += 1
        count += 1
        difference = next(differences, None)
    _write_chunk(file, b"IEND", b"")
    file.seek(control)
    _write_chunk(file, b"acTL", struct.pack(">II", count, 0 if loop else 1))


def _chunks(png: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield (type, content) of each chunk of a PNG that was written here."""
    offset = _SIGNATURE
    while offset < len(png):
        length, kind = struct.unpack_from(">I4s", png, offset)
        yield kind, png[offset + 8 : offset + 8 + length]
        offset += length + 12


def _write_chunk(file: BinaryIO, kind: bytes, content: bytes) -> None:
    checksum = zlib.crc32(content, zlib.crc32(kind))
    file.write(struct.pack(">I4s", len(content), kind) + content + struct.pack(">I", checksum))


def _frame_control(sequence_number: int, difference: FrameDifference) -> bytes:
    delay = _delay_fraction(difference.milliseconds)
    return struct.pack(
        ">5I2H2B",
        sequence_number,
        *difference.image.size,
        difference.left,
        difference.top,
        delay.numerator,
        delay.denominator,
        _NO_DISPOSAL,
        _REPLACE,
    )


def _delay_fraction(milliseconds: int) -> Fraction:
    """Return a duration in seconds as the nearest fraction of two 16-bit numbers.

    Raises:
        ValueError: if it is longer than a PNG can express, 65,535 s.
    """
    limit = _MAX_DELAY_TERM * 1000 // max(1, milliseconds)
    if limit < 1:
        raise ValueError(f"a frame of {milliseconds} ms lasts longer than a PNG can tell")
    return Fraction(milliseconds, 1000).limit_denominator(min(_MAX_DELAY_TERM, limit))


def _is_exact_delay(milliseconds: int) -> bool:
    """Whether a duration can be expressed exactly, so that equal frames may be merged."""
    return milliseconds <= 1000 * _MAX_DELAY_TERM and _delay_fraction(milliseconds) == Fraction(
        milliseconds, 1000
    )
