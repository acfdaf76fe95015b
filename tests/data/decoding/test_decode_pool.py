"""Decoding in a pool of processes, for large sets: same results as within one process."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tarfile
import time
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from ddpm_studio.data import Dataset, prepare, preparing
from ddpm_studio.data.decoding import decode_pool
from ddpm_studio.data.decoding.decode_pool import DecodePool
from ddpm_studio.data.decoding.worker import READY
from ddpm_studio.data.decoding.worker_flag import WORKER_FLAG
from ddpm_studio.errors import StudioError
from ddpm_studio.requests import PrepareOptions
from tests.data.pictures import encoded, image, make_idx, noise, prepared


@pytest.fixture
def there(monkeypatch: pytest.MonkeyPatch) -> None:
    """Use the pool of processes for small sets, too."""
    monkeypatch.setattr(preparing, "_POOL_MIN_BYTES", 0)


def _members() -> dict[str, bytes]:
    """Return pictures of many kinds, good and bad, in two classes."""
    kinds = ["PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF", "PPM"]
    held: dict[str, bytes] = {"a/readme.txt": b"no picture", "a/plain": b"nor this"}
    for index, pixels in enumerate(noise(40, 40, 50)):
        picture = image(pixels)
        if index % 5 == 0:
            picture = picture.convert("L")
        if index % 11 == 0:
            picture.putalpha(Image.linear_gradient("L").resize(picture.size))
            held[f"b/{index}.png"] = encoded(picture)
            continue
        kind = kinds[index % len(kinds)]
        exif = Image.Exif()
        exif[0x0112] = index % 8 + 1
        how = {"exif": exif} if kind == "JPEG" else {}
        held[f"{'ab'[index % 2]}/{index}.{kind.lower()}"] = encoded(picture, kind, **how)
    whole = held["b/3.gif"]
    held["a/cut.gif"] = whole[: len(whole) // 2]
    held["b/empty.png"] = b""
    held["b/wrong.jpg"] = b"<html>404</html>"
    held["b/large.png"] = encoded(Image.new("1", (3000, 2800), 1))
    held["a/copy.png"] = encoded(image(noise(1, 9, 9)[0]))
    held["b/copy.png"] = held["a/copy.png"]
    return held


def _source(place: Path, kind: str) -> Path:
    held = _members()
    if kind == "folder":
        for name, data in held.items():
            (place / "in" / name).parent.mkdir(parents=True, exist_ok=True)
            (place / "in" / name).write_bytes(data)
        return place / "in"
    path = place / f"in.{kind}"
    if kind == "zip":
        methods = [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA]
        with zipfile.ZipFile(path, "w") as archive:
            for number, (name, data) in enumerate(held.items()):
                archive.writestr(name, data, methods[number % 4])
        whole = bytearray(path.read_bytes())
        whole[archive.getinfo("b/7.png").header_offset + 60] ^= 0xFF
        path.write_bytes(whole)
    else:
        with tarfile.open(path, "w:gz" if kind == "tar.gz" else "w") as tar:
            for name, data in held.items():
                (place / "one").write_bytes(data)
                tar.add(place / "one", name)
    return path


def _same(one: Dataset, other: Dataset) -> None:
    np.testing.assert_array_equal(one.images, other.images)
    np.testing.assert_array_equal(
        one.labels if one.labels is not None else 0, other.labels if one.labels is not None else 0
    )
    told = [(d.fingerprint, d.report, d.options, d.class_names) for d in (one, other)]
    assert told[0] == told[1]


@pytest.mark.parametrize("kind", ["folder", "zip", "tar", "tar.gz"])
@pytest.mark.parametrize("options", [{}, {"fit": "pad", "background": "#102030"}])
def test_the_same_comes_of_it(
    tmp_path: Path, kind: str, options: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    source = _source(tmp_path, kind)
    here = prepared(tmp_path / "here", source, **options)
    monkeypatch.setattr(preparing, "_POOL_MIN_BYTES", 0)
    monkeypatch.setattr(decode_pool, "decode_inline", None)
    there = prepared(tmp_path / "there", source, **options)
    assert there.report.kept >= 38
    assert len(there.report.rejects) >= 3
    _same(here, there)


def test_arrays_go_there_too(tmp_path: Path, there: None) -> None:
    pixels = noise(100, 28, 28, 1)
    path = make_idx(tmp_path / "a-images-idx3-ubyte", pixels[..., 0])
    np.testing.assert_array_equal(prepared(tmp_path / "cache", path).images, pixels)
    colours = noise(100, 12, 12)
    np.save(tmp_path / "a.npy", colours)
    np.testing.assert_array_equal(prepared(tmp_path / "cache", tmp_path / "a.npy").images, colours)


def test_a_wrong_guess_is_made_good(tmp_path: Path, there: None) -> None:
    """A wrong guess of size and channels, made from a few small gray pictures, is corrected."""
    (tmp_path / "in").mkdir()
    gray = noise(64, 16, 16, 1)
    for index, one in enumerate(gray):
        image(one).save(tmp_path / "in" / f"{index}.png")
    image(noise(1, 16, 16)[0]).save(tmp_path / "in" / "2.png")
    image(noise(1, 20, 20)[0]).save(tmp_path / "in" / "3.png")
    data = prepared(tmp_path / "cache", tmp_path / "in")
    assert data.images.shape == (64, 32, 32, 3)
    assert data.options.image_size == 32
    sizes = prepared(tmp_path / "cache", tmp_path / "in", image_size=16)
    np.testing.assert_array_equal(sizes.images[4], np.repeat(gray[4], 3, axis=2))


@pytest.mark.skipif(sys.platform != "linux", reason="looks for processes as Linux shows them")
def test_a_killed_process_is_an_error_and_no_hang(tmp_path: Path, there: None) -> None:
    job = prepare([_source(tmp_path, "folder")], PrepareOptions(), cache=tmp_path / "cache")
    for event in job:
        if event.text == "Preparing the pictures":
            break
    for task in Path("/proc/self/task").iterdir():
        for child in (task / "children").read_text().split():
            os.kill(int(child), signal.SIGKILL)
    with pytest.raises(StudioError, match="was ended from outside"):
        list(job)
    assert not [path for path in (tmp_path / "cache").rglob("*") if path.is_file()]


def test_what_cannot_be_started_is_done_here(
    tmp_path: Path, there: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = _source(tmp_path, "zip")
    first = prepared(tmp_path / "there", source)
    monkeypatch.setattr(decode_pool, "_command", lambda: [sys.executable, "-c", ""])
    _same(first, prepared(tmp_path / "here", source))
    monkeypatch.setattr(decode_pool, "_command", lambda: [str(tmp_path / "missing")])
    _same(first, prepared(tmp_path / "not", source))


@pytest.mark.skipif(sys.platform != "linux", reason="looks for processes as Linux shows them")
def test_they_end_with_the_program_however_it_ends(tmp_path: Path) -> None:
    code = (
        "from ddpm_studio.data.decoding.decode_pool import DecodePool;"
        "pool = DecodePool(); assert pool.ready();"
        "print(*[w._process.pid for w in pool._workers], flush=True); input()"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen(
        [sys.executable, "-c", code],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=environment,
    ) as program:
        assert program.stdout is not None
        workers = [int(word) for word in program.stdout.readline().split()]
        assert workers
        program.kill()
    end = time.monotonic() + 20
    while time.monotonic() < end and any(_lives(worker) for worker in workers):
        time.sleep(0.02)
    assert not any(_lives(worker) for worker in workers)


def _lives(process: int) -> bool:
    try:
        return ") Z" not in Path(f"/proc/{process}/stat").read_text()
    except OSError:
        return False


def test_the_frozen_program_becomes_one_of_them() -> None:
    """The packaged program can be started as a worker: its own command is all that it can run."""
    told = subprocess.run(
        [sys.executable, "-m", "ddpm_studio", WORKER_FLAG], input=b"", capture_output=True
    )
    assert (told.returncode, told.stdout) == (0, READY)


def test_they_load_little() -> None:
    code = "import sys, ddpm_studio.data.decoding.worker; print(*sys.modules)"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    heavy = {"torch", "pydantic", "PySide6", "scipy", "multiprocessing"}
    assert "numpy" in told.stdout.split()
    assert not heavy & set(told.stdout.split())


def test_an_error_of_the_program_is_told(tmp_path: Path) -> None:
    with DecodePool() as hands:
        assert hands.ready()
        worker = hands._workers[0]
        with pytest.raises(RuntimeError, match="KeyError"):
            worker.request_decode(
                [decode_pool._EncodedPicture(["Unheard", ".png", 1])], 0, None, large=True
            )
