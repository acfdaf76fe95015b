"""Held-out split by content hash: which pictures of a set are excluded from training.

A picture is held out depending on a hash of its own bytes: that does not change when others are
added or removed, and duplicates are on the same side.
"""

from __future__ import annotations

import hashlib
from collections.abc import Generator

import numpy as np
import numpy.typing as npt

from ddpm_studio.progress import Progress

Pictures = npt.NDArray[np.uint8]
Hashes = npt.NDArray[np.uint64]

#: Maximum number of pictures that a training holds out.
MAX_HELD_OUT = 4096

_CHUNK = 1024
_HASH_RANGE = 2.0**64


def content_hashes(images: Pictures) -> Generator[Progress, None, Hashes]:
    """Hash each picture's bytes with BLAKE2b, uint64 of shape (N,).

    Args:
        images: uint8 (N, H, W, C), may be memory-mapped.

    Yields:
        Progress in pictures.
    """
    hashes = np.empty(len(images), np.uint64)
    for start in range(0, len(images), _CHUNK):
        for row, picture in enumerate(np.ascontiguousarray(images[start : start + _CHUNK])):
            digest = hashlib.blake2b(picture.data, digest_size=8).digest()
            hashes[start + row] = int.from_bytes(digest, "little")
        done = min(start + _CHUNK, len(images))
        yield Progress(done, len(images), "Reading the pictures", "pictures")
    return hashes


def held_out(hashes: Hashes, share: float, max_count: int | None = None) -> npt.NDArray[np.bool_]:
    """Return a mask of the held-out pictures, shape (N,).

    Args:
        hashes: see :func:`content_hashes`.
        share: approximate fraction to hold out, 0 ≤ share < 1. At least one picture of a set is
            left to train on.
        max_count: maximum number, those of the smallest hashes; None: no limit.

    Raises:
        ValueError: if the share is out of range.
    """
    if not 0 <= share < 1:
        raise ValueError(f"the share must be 0 to below 1, not {share}")
    mask: npt.NDArray[np.bool_] = hashes.astype(np.float64) < share * _HASH_RANGE
    if mask.all():
        mask = hashes != hashes.max()
    if max_count is not None and mask.sum() > max_count:
        mask = hashes < np.sort(hashes)[max_count]
    return mask


def expected_trained(count: int, share: float) -> int:
    """Return about how many of ``count`` pictures are trained on where a share is held out.

    At most :data:`MAX_HELD_OUT` are held out, 0 ≤ share < 1; how many depends on their content.
    """
    return max(1, count - min(round(share * count), MAX_HELD_OUT))


def content_key(hashes: Hashes) -> str:
    """Return a cache key of a set: a hex digest of its pictures in their order."""
    return hashlib.blake2b(hashes.tobytes(), digest_size=16).hexdigest()
