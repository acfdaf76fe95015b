"""Preparing a zip of small JPEGs as an array, against mere decoding on all cores."""

from __future__ import annotations

import multiprocessing
import os
import statistics
import tempfile
import time
import zipfile
from io import BytesIO
from pathlib import Path

import numpy as np

from ddpm_studio.data import prepare
from ddpm_studio.requests import PrepareOptions
from tests.benchmarks.figures import Figure, UnavailableError

_NAME = "cifar10-jpeg-train.zip"
_ROUNDS = 3


def measure(rounds: int) -> list[Figure]:
    """Prepare the set with an empty cache, and only decode it, in turns.

    Raises:
        UnavailableError: if the set is missing.
    """
    path = _set()
    ratios, ours, bare = [], [], []
    for _ in range(min(rounds, _ROUNDS)):
        bare.append(_decoded(path))
        ours.append(_prepared(path))
        ratios.append(ours[-1] / bare[-1])
    details: dict[str, object] = {
        "prepare_seconds": round(statistics.median(ours), 2),
        "decode_seconds": round(statistics.median(bare), 2),
        "pictures": len(_members(path)),
        "cores": os.cpu_count(),
    }
    name = "zip of 50,000 JPEGs to an array / decoding alone on all cores"
    return [Figure(name, statistics.median(ratios), "×", at_most=1.3, details=details)]


def _set() -> Path:
    beside = Path(__file__).resolve().parents[2].parent / "shared" / "data"
    path = Path(os.environ.get("DDPM_STUDIO_TEST_DATA", beside)) / _NAME
    if not path.exists():
        raise UnavailableError(f"{_NAME} is not here; set DDPM_STUDIO_TEST_DATA to its folder")
    return path


def _prepared(path: Path) -> float:
    with tempfile.TemporaryDirectory() as cache:
        begun = time.perf_counter()
        for _ in prepare([path], PrepareOptions(), cache=Path(cache)):
            pass
        return time.perf_counter() - begun


def _members(path: Path) -> list[str]:
    with zipfile.ZipFile(path) as archive:
        return sorted(
            name for name in archive.namelist() if name.lower().endswith((".jpg", ".jpeg"))
        )


def _decoded(path: Path) -> float:
    """Return the seconds that all cores take to decode the pictures, from files in memory."""
    names = _members(path)
    cores = os.cpu_count() or 1
    context = multiprocessing.get_context("spawn")
    shares = [(path, names[core::cores]) for core in range(cores)]
    with context.Pool(cores) as pool:
        return max(pool.map(_decode_share, shares, chunksize=1))


def _decode_share(share: tuple[Path, list[str]]) -> float:
    from PIL import Image

    path, names = share
    with zipfile.ZipFile(path) as archive:
        files = [archive.read(name) for name in names]
    begun = time.perf_counter()
    for file in files:
        with Image.open(BytesIO(file)) as image:
            np.asarray(image.convert("RGB"))
    return time.perf_counter() - begun
