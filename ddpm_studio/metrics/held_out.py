"""A split by content: which pictures of a set are held out from training.

A picture is held out or not by a hash of its own bytes: it stays so when others are added or
taken away, and two equal ones are on the same side.
"""

from __future__ import annotations

import hashlib
from collections.abc import Generator

import numpy as np
import numpy.typing as npt

from ddpm_studio.progress import Progress

Pictures = npt.NDArray[np.uint8]
Hashes = npt.NDArray[np.uint64]

#: A training holds out so many pictures at most.
MOST = 4096

_AT_ONCE = 1024
_RANGE = 2.0**64


def content_hashes(images: Pictures) -> Generator[Progress, None, Hashes]:
    """Hash each picture's bytes [BLAKE2b], shape (N,).

    Args:
        images: uint8 (N, H, W, C), which may lie on the disk.

    Yields:
        How many are done.
    """
    hashes = np.empty(len(images), np.uint64)
    for start in range(0, len(images), _AT_ONCE):
        for row, picture in enumerate(np.ascontiguousarray(images[start : start + _AT_ONCE])):
            digest = hashlib.blake2b(picture.data, digest_size=8).digest()
            hashes[start + row] = int.from_bytes(digest, "little")
        done = min(start + _AT_ONCE, len(images))
        yield Progress(done, len(images), "Reading the pictures", "pictures")
    return hashes


def held_out(hashes: Hashes, share: float, most: int | None = None) -> npt.NDArray[np.bool_]:
    """Return which pictures are held out, shape (N,).

    Args:
        hashes: see :func:`content_hashes`.
        share: about this share of the pictures, from 0 to below 1. Of each set of pictures one is
            left to train on, whatever the share.
        most: so many at most, those of the smallest hashes; None: no limit.

    Raises:
        ValueError: if the share is out of range.
    """
    if not 0 <= share < 1:
        raise ValueError(f"the share must be 0 to below 1, not {share}")
    chosen: npt.NDArray[np.bool_] = hashes.astype(np.float64) < share * _RANGE
    if chosen.all():
        chosen = hashes != hashes.max()
    if most is not None and chosen.sum() > most:
        chosen = hashes < np.sort(hashes)[most]
    return chosen


def content_key(hashes: Hashes) -> str:
    """Return a hex digest of the pictures in their order."""
    return hashlib.blake2b(hashes.tobytes(), digest_size=16).hexdigest()
