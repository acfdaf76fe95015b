"""Helpers to write pictures, archives and arrays for tests, with known pixels."""

from __future__ import annotations

import gzip
import io
import os
import struct
import tarfile
import zipfile
from collections.abc import Generator, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from ddpm_studio.data import Dataset, prepare
from ddpm_studio.engine.generators import finish
from ddpm_studio.requests import PrepareOptions

Result = TypeVar("Result")


def drain(job: Generator[object, None, Result]) -> Result:
    """Run a job to its end and return its result."""
    return finish(job)


def prepared(cache: Path, *sources: Path, multiple: int = 1, **options: object) -> Dataset:
    """Prepare a dataset from sources, with options by keyword, and return it."""
    wanted = PrepareOptions.model_validate(options)
    return drain(prepare(sources, wanted, cache=cache, required_multiple=multiple))


def classes_of(data: Dataset) -> list[str]:
    """Return the name of the class of each picture."""
    assert data.labels is not None
    return [data.class_names[label] for label in data.labels]


def noise(
    count: int, height: int = 32, width: int = 32, channels: int = 3, seed: int = 0
) -> npt.NDArray[np.uint8]:
    """Return random uint8 pictures (count, height, width, channels)."""
    shape = (count, height, width, channels)
    return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)


def image(pixels: npt.NDArray[np.uint8]) -> Image.Image:
    """Return an image of pixels of shape (H, W) or (H, W, C)."""
    return Image.fromarray(pixels[..., 0] if pixels.shape[2:] == (1,) else pixels)


def encoded(picture: Image.Image, kind: str = "PNG", **how: object) -> bytes:
    """Return a picture encoded in a file format."""
    stream = io.BytesIO()
    picture.save(stream, kind, **how)
    return stream.getvalue()


def make_picture_folder(
    folder: Path,
    count: int = 4,
    *,
    size: tuple[int, int] = (32, 32),
    channels: int = 3,
    classes: Sequence[str] = (),
    seed: int = 0,
) -> npt.NDArray[np.uint8]:
    """Write ``count`` PNGs of random pixels, named 0000.png …, and return their pixels.

    With classes, each class has ``count`` pictures in a sub-folder of its own, in the given order.
    """
    width, height = size
    names = [f"{name}/" for name in classes] or [""]
    pixels = noise(count * len(names), height, width, channels, seed)
    for index, one in enumerate(pixels):
        path = folder / f"{names[index // count]}{index % count:04d}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        image(one).save(path)
    return pixels


def make_zip(path: Path, members: Mapping[str, bytes], packed: bool = False) -> Path:
    """Write a zip with members under exactly these names."""
    method = zipfile.ZIP_DEFLATED if packed else zipfile.ZIP_STORED
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return path


def make_tar(path: Path, members: Mapping[str, bytes]) -> Path:
    """Write a tar, compressed as its name says, with members under exactly these names."""
    mode = "w:gz" if path.name.endswith("gz") else "w:"
    with tarfile.open(path, mode) as archive:  # type: ignore[call-overload]
        for name, data in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return path


def make_idx(path: Path, values: npt.NDArray[np.uint8]) -> Path:
    """Write an IDX file, gzipped if its name ends so."""
    head = struct.pack(f">HBB{values.ndim}I", 0, 8, values.ndim, *values.shape)
    data = head + values.tobytes()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gzip.compress(data) if path.suffix == ".gz" else data)
    return path


def age(root: Path, seconds: int = 3600) -> None:
    """Set the modification times of all files back, as if they were older."""
    for path in [root, *root.rglob("*")]:
        info = path.stat()
        os.utime(path, ns=(info.st_atime_ns, info.st_mtime_ns - seconds * 10**9))


def real_data(name: str) -> Path:
    """Return a file of the real test data, or skip the test where it is absent."""
    beside = Path(__file__).resolve().parents[2].parent / "shared" / "data"
    path = Path(os.environ.get("DDPM_STUDIO_TEST_DATA", beside)) / name
    if not path.exists():
        pytest.skip(f"{name} is not here; set DDPM_STUDIO_TEST_DATA to its folder")
    return path
