"""Samples as ``.npz`` for external evaluations, in the format of guided-diffusion's evaluator."""

from __future__ import annotations

import contextlib
import zipfile
from collections.abc import Callable, Generator, Iterator, Sequence
from pathlib import Path

import numpy as np

from ddpm_studio.durations import format_count
from ddpm_studio.errors import StudioError
from ddpm_studio.export.atomic_writes import atomic_write, check_suffix
from ddpm_studio.export.grid import Pictures
from ddpm_studio.progress import Progress

NPZ = ".npz"
# Bytes written at a time, so that a cancellation takes effect in between.
_PIECE_BYTES = 4 << 20

WritePictures = Callable[[Pictures, Sequence[int] | None], None]
"""Function to write the next pictures, uint8 (n, H, W, C), and their classes, if they have any."""


@contextlib.contextmanager
def open_npz(path: Path, count: int) -> Iterator[WritePictures]:
    """Context manager that yields a function to write ``count`` pictures in batches, streaming.

    The archive has ``arr_0``, uint8 of shape (N, H, W, C), and with classes also ``arr_1``, int64
    of shape (N,). It is written atomically, once all pictures are there.

    Raises:
        StudioError: if it can't be written, or the number of pictures is not ``count``.
    """
    check_suffix(path, {NPZ})
    labels: list[int] = []
    with atomic_write(path) as temporary, zipfile.ZipFile(temporary, "w") as archive:
        with contextlib.ExitStack() as stack:
            member = stack.enter_context(archive.open("arr_0.npy", "w", force_zip64=True))
            written_count = 0

            def write_pictures(pictures: Pictures, classes: Sequence[int] | None) -> None:
                nonlocal written_count
                if not written_count:
                    shape = (count, *pictures.shape[1:])
                    header = {"descr": "|u1", "fortran_order": False, "shape": shape}
                    np.lib.format.write_array_header_1_0(member, header)
                written_count += len(pictures)
                member.write(np.ascontiguousarray(pictures).data)
                labels.extend(classes or ())

            yield write_pictures
        if written_count != count:
            raise StudioError(
                f"{format_count(written_count, 'picture')} came for {count:,}.", "Draw them again."
            )
        if labels:
            with archive.open("arr_1.npy", "w") as member:
                np.lib.format.write_array(member, np.array(labels, np.int64), allow_pickle=False)


def save_npz(
    path: Path, pictures: Sequence[Pictures], labels: Sequence[int] | None = None
) -> Generator[Progress, None, None]:
    """Write pictures, each (H, W, C), as ``.npz``; yields Progress.

    Args:
        path: ends with ``.npz``.
        pictures: uint8, all of one shape.
        labels: the class of each, if they have classes.

    Raises:
        StudioError: if they can't be written, or are of several shapes.
    """
    if len({picture.shape for picture in pictures}) != 1:
        raise StudioError(
            "These pictures are of several sizes.", "Save them as PNG, in a folder or a ZIP."
        )
    step = max(1, _PIECE_BYTES // pictures[0].nbytes)
    with open_npz(path, len(pictures)) as write_pictures:
        for start in range(0, len(pictures), step):
            yield Progress(start, len(pictures), "Writing", "pictures")
            batch = slice(start, start + step)
            write_pictures(np.stack(pictures[batch]), None if labels is None else labels[batch])
