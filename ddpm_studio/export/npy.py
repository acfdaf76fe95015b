"""Streaming writer of NumPy's ``.npy`` files."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ddpm_studio.errors import StudioError
from ddpm_studio.export.atomic_writes import atomic_write, check_suffix
from ddpm_studio.progress import Progress

NPY = ".npy"


def save_npy(
    path: Path, arrays: Sequence[npt.NDArray[np.generic]]
) -> Generator[Progress, None, None]:
    """Write arrays of one shape and dtype, stacked to (len(arrays), …), one by one as accessed.

    Yields:
        Progress.

    Raises:
        StudioError: if there are none, or they can't be written.
        ValueError: if an array has another shape or dtype than the first.
    """
    check_suffix(path, {NPY})
    if not len(arrays):
        raise StudioError("There are no numbers to write.", "Draw first.")
    first = arrays[0]
    with atomic_write(path) as temporary, temporary.open("wb") as file:
        header = {
            "descr": np.lib.format.dtype_to_descr(first.dtype),
            "fortran_order": False,
            "shape": (len(arrays), *first.shape),
        }
        np.lib.format.write_array_header_1_0(file, header)
        for number, array in enumerate(arrays):
            if (array.shape, array.dtype) != (first.shape, first.dtype):
                raise ValueError(f"array {number} is {array.dtype} of shape {array.shape}")
            file.write(np.ascontiguousarray(array).data)
            yield Progress(number + 1, len(arrays), "Writing", "moments")
