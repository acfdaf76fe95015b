"""PNG chunk that stores all bands of a multi-band picture, of which the PNG itself shows three.

PNG has four channels at most. The chunk is ancillary, private and unsafe to copy in the terms of
the PNG specification (W3C, "Chunk naming conventions"): other programs ignore it, and drop it when
they change the pixels.
"""

from __future__ import annotations

import struct
import zlib
from typing import TYPE_CHECKING

import numpy as np

from ddpm_studio.picture_shape import MAX_BANDS

if TYPE_CHECKING:
    from ddpm_studio.picture_shape import Pictures

BAND_CHUNK = b"bnDS"

_HEADER = struct.Struct(">III")
_MAX_BYTES = 1 << 30


def pack_bands(picture: Pictures) -> bytes:
    """Return the chunk's content for a picture, uint8 (H, W, C)."""
    return _HEADER.pack(*picture.shape) + zlib.compress(np.ascontiguousarray(picture).tobytes())


def band_shape(content: bytes, png_size: tuple[int, int]) -> tuple[int, int, int]:
    """Return the shape (H, W, C) in a chunk's header, after checking it: files are untrusted.

    Args:
        content: the chunk, as :func:`pack_bands` returns it.
        png_size: width and height of the PNG, which may be enlarged by a whole factor.

    Raises:
        ValueError: if the header is cut short, or its shape impossible, too large or not the PNG's.
    """
    if len(content) < _HEADER.size:
        raise ValueError("its bands are cut short")
    height, width, channels = _HEADER.unpack_from(content)
    if not (height and width and 0 < channels <= MAX_BANDS):
        raise ValueError("its bands have an impossible shape")
    zoom = png_size[0] // width
    if (width * zoom, height * zoom) != png_size or height * width * channels > _MAX_BYTES:
        raise ValueError("its bands are of another picture")
    return height, width, channels


def unpack_bands(content: bytes, png_size: tuple[int, int]) -> Pictures:
    """Return the picture, uint8 (H, W, C), that :func:`pack_bands` packed.

    Raises:
        ValueError: as :func:`band_shape`, or if the compressed data are damaged.
    """
    shape = height, width, channels = band_shape(content, png_size)
    size = height * width * channels
    stream = zlib.decompressobj()
    try:
        pixels = stream.decompress(content[_HEADER.size :], size + 1)
    except zlib.error as error:
        raise ValueError("its bands are damaged") from error
    if len(pixels) != size or not stream.eof:
        raise ValueError("its bands are damaged")
    return np.frombuffer(pixels, np.uint8).reshape(shape)
