"""Valid files of every kind that is read, the same ones each time: seeds of the corpus."""

from __future__ import annotations

import gzip
import io
import json
import struct
import tarfile
import zipfile
from functools import cache
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from PIL import Image
from safetensors.numpy import save as save_tensors

from ddpm_studio.engine.networks.unet import UNet, UNetConfig
from ddpm_studio.export.text_metadata import gif_comment, webp_xmp
from ddpm_studio.interop import save_diffusers
from ddpm_studio.requests import SampleRequest
from ddpm_studio.runs import ProcessInfo, RunFolder, RunInfo

CONFIG = UNetConfig(
    height=8,
    width=8,
    channels=3,
    base_channels=4,
    channel_mult=(1, 2),
    blocks_per_level=1,
    attention_resolutions=(),
    dropout=0.0,
    norm_groups=2,
)
KINDS = ("PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF", "PPM")


@cache
def pixels(count: int = 4, side: int = 16, channels: int = 3) -> np.ndarray:
    """Return random uint8 pictures (count, side, side, channels)."""
    generator = np.random.default_rng(7)
    return generator.integers(0, 256, (count, side, side, channels), dtype=np.uint8)


@cache
def picture(kind: str = "PNG", frames: int = 1) -> bytes:
    """Return a picture file, animated if it has several frames."""
    images = [Image.fromarray(one) for one in pixels(max(4, frames))[:frames]]
    stream = io.BytesIO()
    more = {"save_all": True, "append_images": images[1:]} if frames > 1 else {}
    images[0].save(stream, kind, **more)
    return stream.getvalue()


@cache
def rgba_picture() -> bytes:
    """Return a PNG with random alpha."""
    stream = io.BytesIO()
    Image.fromarray(pixels(4, 16, 4)[0]).save(stream, "PNG")
    return stream.getvalue()


@cache
def zip_archive(method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """Return a zip archive of four pictures in two folders."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", method) as archive:
        for number in range(4):
            info = zipfile.ZipInfo(f"{'ab'[number % 2]}/{number}.png")
            info.compress_type = method
            archive.writestr(info, picture())
    return stream.getvalue()


@cache
def tar_archive(mode: str = "w") -> bytes:
    """Return a tar archive of four pictures; ``mode`` names its compression."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode=mode, format=tarfile.PAX_FORMAT) as archive:  # type: ignore[call-overload]
        for number in range(4):
            info = tarfile.TarInfo(f"{number}é.png")
            info.size = len(picture())
            archive.addfile(info, io.BytesIO(picture()))
    return stream.getvalue()


@cache
def npy() -> bytes:
    """Return pictures as a .npy file."""
    stream = io.BytesIO()
    np.save(stream, pixels())
    return stream.getvalue()


@cache
def npz() -> bytes:
    """Return pictures with labels as a .npz file."""
    stream = io.BytesIO()
    np.savez_compressed(stream, images=pixels(), labels=np.arange(4))
    return stream.getvalue()


@cache
def idx() -> bytes:
    """Return pictures as an uncompressed IDX file."""
    gray = pixels(4, 16, 1)
    head = b"\0\0\x08\x03" + b"".join(n.to_bytes(4, "big") for n in gray.shape[:3])
    return head + gray.tobytes()


@cache
def idx_gz() -> bytes:
    """Return pictures as a gzipped IDX file."""
    return gzip.compress(idx(), mtime=0)


@cache
def weights() -> dict[str, torch.Tensor]:
    """Return the weights of a network of ``CONFIG``."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        return UNet(CONFIG).state_dict()


@cache
def latent() -> bytes:
    """Return a latent file for a model of ``CONFIG``."""
    x_t = np.random.default_rng(3).standard_normal((1, 3, 8, 8)).astype(np.float32)
    told = {
        "format": "ddpm-studio latent 1",
        "t": "10",
        "timesteps": "20",
        "model": "m",
        "origin": "a run",
        "exact": "False",
    }
    return bytes(save_tensors({"x_t": x_t}, told))


def make_run(folder: Path) -> Path:
    """Write a run folder with one checkpoint, metrics and a preview picture."""
    process = ProcessInfo(schedule="linear", timesteps=20)
    run = RunFolder.create(folder, RunInfo(network=CONFIG.to_dict(), process=process))
    run.save_checkpoint(3, {"model": weights(), "ema": weights()}, {"loss": 0.5})
    lines = [{"step": k, "loss": 1 / k, "loss_by_t": [0.5] * 10} for k in range(1, 4)]
    run.metrics_file.write_text("".join(json.dumps(line) + "\n" for line in lines))
    run.samples_dir.mkdir()
    Image.fromarray(np.zeros((18, 18, 3), np.uint8)).save(run.samples_dir / "step-00000003.png")
    return folder


def make_diffusers(folder: Path, packed: bool = False) -> Path:
    """Write a diffusers folder; ``packed``: with its weights in the format of torch.save."""
    save_diffusers(folder, CONFIG, weights(), ProcessInfo(schedule="linear", timesteps=20).build())
    if packed:
        from safetensors.torch import load_file

        safe = folder / "unet" / "diffusion_pytorch_model.safetensors"
        torch.save(load_file(safe), safe.with_suffix(".bin"))
        safe.unlink()
    return folder


def recipe_of(run: Path) -> dict[str, object]:
    """Return the recipe of a picture sampled from noise, as its file stores it."""
    request = SampleRequest(run=run, count=2).model_dump(mode="json")
    return {"kind": "sample", "request": request, "index": 1, "checkpoint": 3}


def recipe_png(text: str, key: str = "ddpm-studio") -> bytes:
    """Return a PNG with ``text`` under ``key``, valid recipe or not."""
    from PIL.PngImagePlugin import PngInfo

    info = PngInfo()
    info.add_text(key, text)
    stream = io.BytesIO()
    Image.fromarray(pixels()[0]).save(stream, "PNG", pnginfo=info)
    return stream.getvalue()


def recipe_gif(text: str) -> bytes:
    """Return an animated GIF with ``text`` in place of a recipe."""
    return _moving("GIF", comment=gif_comment(text))


def recipe_webp(text: str) -> bytes:
    """Return an animated WebP with ``text`` in place of a recipe."""
    return _moving("WEBP", xmp=webp_xmp(text), lossless=True)


def _moving(kind: str, **more: Any) -> bytes:
    first, *others = (Image.fromarray(one) for one in pixels())
    stream = io.BytesIO()
    first.save(stream, kind, save_all=True, append_images=others, **more)
    return stream.getvalue()


def recipe_mp4(text: bytes) -> bytes:
    """Return an MP4's boxes down to a comment with ``text``, without any frames."""
    inside = box(b"data", b"\0\0\0\1\0\0\0\0", text)
    for kind, head in ((b"\xa9cmt", b""), (b"ilst", b""), (b"meta", b"\0" * 4), (b"udta", b"")):
        inside = box(kind, head, inside)
    return box(b"ftyp", b"isom") + box(b"moov", box(b"mvhd", b"\0" * 8), inside)


def box(kind: bytes, *content: bytes) -> bytes:
    """Return one box of an MP4."""
    body = b"".join(content)
    return struct.pack(">I4s", 8 + len(body), kind) + body


SETTINGS = b"""[General]
theme=dark

[recent]
data=/tmp/a, /tmp/b
runs=/tmp/r

[window]
geometry=@ByteArray(\\x1\\xd9\\xd0\\xcb\\0\\x3\\0\\0)
"""


@cache
def tensors() -> bytes:
    """Return pictures with labels in the format of torch.save."""
    stream = io.BytesIO()
    torch.save({"images": torch.from_numpy(pixels()), "labels": torch.arange(4)}, stream)
    return stream.getvalue()


def with_driver_block(whole: bytes, length: int, user_block: int = 0) -> bytes:
    """Return an HDF5 file with a driver information block of which only the header is present.

    Args:
        whole: an HDF5 file with superblock version 0.
        length: the length that the block claims, in bytes.
        user_block: bytes before the superblock.
    """
    data = bytearray(whole)
    head = bytes(4) + struct.pack("<I", length) + b"NCSAabcd"
    # The third address in superblock 0 is the end of file, the fourth the driver block.
    struct.pack_into("<QQ", data, user_block + 40, len(data) + len(head), len(data) - user_block)
    return bytes(data) + head


@cache
def hdf5(version: Literal["earliest", "latest"] = "earliest") -> bytes:
    """Return pictures with labels as a chunked, compressed HDF5 file, in an old or new layout.

    The latter also has groups, attributes and texts.
    """
    import h5py

    stream = io.BytesIO()
    with h5py.File(stream, "w", track_order=False, libver=version) as file:
        file.create_dataset("images", data=pixels(), chunks=(2, 16, 16, 3), compression="gzip")
        file.create_dataset("labels", data=np.arange(4))
        if version == "latest":
            file["images"].attrs["class_names"] = ["a", "b", "c", "d"]
            file.create_dataset("more/x", data=pixels(), maxshape=(None, 16, 16, 3), chunks=True)
            file["more/words"] = ["one", "two"]
    return stream.getvalue()


@cache
def parquet() -> bytes:
    """Return pictures with labels as a Parquet file."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    cells = [{"bytes": picture(), "path": "a.png"}] * 4
    stream = io.BytesIO()
    pq.write_table(pa.table({"image": cells, "label": [0, 1, 0, 1]}), stream)
    return stream.getvalue()


@cache
def cifar(protocol: int = 2) -> bytes:
    """Return a batch of CIFAR-10 in its Python version, a pickle."""
    import pickle

    rows = np.random.default_rng(5).integers(0, 256, (4, 3072), dtype=np.uint8)
    return pickle.dumps({b"data": rows, b"labels": [0, 1, 0, 1]}, protocol)


@cache
def cifar_binary() -> bytes:
    """Return a batch of CIFAR-10 in its binary version."""
    rows = np.random.default_rng(5).integers(0, 256, (4, 3073), dtype=np.uint8)
    rows[:, 0] = (0, 1, 0, 1)
    return rows.tobytes()


@cache
def tiff_bands(kind: str = "<f4", bands: int = 5, method: int = 1, tiled: bool = False) -> bytes:
    """Return a TIFF of several bands, which Pillow does not read; ``method`` 1 or 8 (deflate)."""
    import zlib

    levels = np.random.default_rng(6).integers(0, 256, (16, 16, bands)).astype(kind)
    raw = levels.tobytes() if kind[1] != "f" else (levels / 255).astype(kind).tobytes()
    body = zlib.compress(raw) if method == 8 else raw
    depth, form = int(kind[2:]) * 8, {"u": 1, "i": 2, "f": 3}[kind[1]]
    first = 8 + len(body)
    lists = struct.pack(f"<{bands}H", *[depth] * bands) + struct.pack(f"<{bands}H", *[form] * bands)
    # Up to two 16-bit numbers are stored in the entry itself.
    inline = depth << 16 | depth if bands == 2 else depth
    shapes = form << 16 | form if bands == 2 else form
    bits, forms = (inline, shapes) if bands <= 2 else (first, first + 2 * bands)
    parts = [(322, 4, 1, 16), (323, 4, 1, 16), (324, 4, 1, 8), (325, 4, 1, len(body))]
    strips = [(273, 4, 1, 8), (278, 4, 1, 16), (279, 4, 1, len(body))]
    entries = [
        *[(256, 4, 1, 16), (257, 4, 1, 16), (258, 3, bands, bits), (259, 3, 1, method)],
        *[(262, 3, 1, 1), (277, 3, 1, bands), (339, 3, bands, forms)],
        *(parts if tiled else strips),
    ]
    table = b"".join(struct.pack("<HHII", *entry) for entry in sorted(entries))
    head = struct.pack("<2sHI", b"II", 42, first + len(lists))
    return head + body + lists + struct.pack("<H", len(entries)) + table + bytes(4)


TABLE = "file_name,label,age\n" + "".join(f"{k}.png,{'ab'[k % 2]},{k % 3}\n" for k in range(4))
LINES = "".join(f'{{"file_name": "{k}.png", "label": "{"ab"[k % 2]}"}}\n' for k in range(4))
CELEBA = "4\nSmiling Young\n" + "".join(f"{k}.png  {1 - k % 2 * 2} -1\n" for k in range(4))
MANIFEST = json.dumps({"labels": [[f"{k}.png", k % 2] for k in range(4)]})
