"""Malformed pictures of every format: sizes, tables, scans, frames, damage."""

from __future__ import annotations

import io
import os
import struct
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from PIL import Image

from tests.hostile import seeds
from tests.hostile.cases import Case, cuts, damaged, file_case

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_READERS = ("picture", "drop", "mask", "preview")


def cases() -> Iterator[Case]:
    """Yield all malformed pictures, and paths that are not files."""
    for name, content in _files().items():
        yield file_case(name, "data", name.replace(" ", "-")[:60], content, "any")
    for kind in seeds.KINDS:
        whole = seeds.picture(kind)
        for place, cut in cuts(whole, 6):
            # GIF and WebP may decode partially.
            yield file_case(f"{kind} cut at {place}", "data", f"a.{kind.lower()}", cut, "any")
        for number, bad in damaged(whole, 10, 3):
            yield file_case(f"{kind} damaged {number}", "data", f"a.{kind.lower()}", bad, "any")
        for reader in _READERS:
            bad = whole[: len(whole) // 3]
            yield file_case(
                f"{kind} for {reader}", reader, f"step-3.{kind.lower()}", bad, "refused"
            )
    for kind in ("GIF", "WEBP", "TIFF", "PNG"):
        whole = seeds.picture(kind, 3)
        yield file_case(f"{kind} of three frames", "data", f"a.{kind.lower()}", whole, "harmless")
        for number, bad in damaged(whole, 6, 5):
            name = f"a.{kind.lower()}"
            yield file_case(f"{kind} of frames damaged {number}", "data", name, bad, "any")
    huge = huge_png(30000, 30000, depth=1, colour=0)
    for reader in ("data", *_READERS):
        for what, content in {
            "nothing": b"",
            "text": b"<html>404</html>",
            "huge": huge,
            "svg": b"<svg xmlns='http://www.w3.org/2000/svg' width='9' height='9'/>",
            "zeros": bytes(4096),
        }.items():
            yield file_case(f"{what} for {reader}", reader, "step-3.png", content, "refused")
        yield Case(f"pipe for {reader}", reader, _pipe)
        yield Case(f"folder for {reader}", reader, _empty_folder)
        yield Case(f"missing file for {reader}", reader, lambda folder: folder / "gone.png")
    yield Case("folder with damage beside good", "data", _mixed, "left out")
    yield Case("folder two thousand deep", "data", _deep, "harmless")
    yield Case("folder of links in a circle", "data", _circle, "harmless")
    yield Case("folder of names that are no text", "data", _no_text, "left out")


def png(*chunks: tuple[bytes, bytes]) -> bytes:
    """Return a PNG of these chunks, with valid checksums."""
    parts = [_SIGNATURE]
    for kind, data in chunks:
        parts.append(struct.pack(">I", len(data)) + kind + data)
        parts.append(struct.pack(">I", zlib.crc32(kind + data)))
    return b"".join(parts)


def huge_png(
    width: int, height: int, depth: int = 8, colour: int = 2, interlaced: int = 0
) -> bytes:
    """Return a PNG of a single colour with rows for its size, 9000 at most."""
    channels = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}[colour]
    row = 1 + (width * channels * depth + 7) // 8
    packer = zlib.compressobj(1)
    rows = b"".join([packer.compress(bytes(row)) for _ in range(min(height, 9000))])
    head = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, interlaced)
    palette = [(b"PLTE", bytes(768))] if colour == 3 else []
    return png((b"IHDR", head), *palette, (b"IDAT", rows + packer.flush()), (b"IEND", b""))


def _files() -> dict[str, bytes | Callable[[], bytes]]:
    head = struct.pack(">IIBBBBB", 16, 16, 8, 2, 0, 0, 0)
    rows = zlib.compress(bytes(16 * 49))
    good = [(b"IHDR", head), (b"IDAT", rows), (b"IEND", b"")]
    found: dict[str, bytes | Callable[[], bytes]] = {
        "png 8000 by 8000": lambda: huge_png(8000, 8000),
        "png 8000 by 8000 rgba": lambda: huge_png(8000, 8000, 8, 6),
        "png 8000 by 8000 rgba 16": lambda: huge_png(8000, 8000, 16, 6),
        "png 8000 by 8000 gray 16": lambda: huge_png(8000, 8000, 16, 0),
        "png 8000 by 8000 gray alpha": lambda: huge_png(8000, 8000, 8, 4),
        "png 8000 by 8000 palette": lambda: huge_png(8000, 8000, 8, 3),
        "png 8000 by 8000 one bit": lambda: huge_png(8000, 8000, 1, 0),
        "png 8000 by 8000 interlaced": lambda: huge_png(8000, 8000, 8, 2, 1),
        "png 64 million wide": lambda: huge_png(64_000_000, 1),
        "png 64 million high": lambda: huge_png(1, 64_000_000),
        "png of no width": png((b"IHDR", struct.pack(">IIBBBBB", 0, 9, 8, 2, 0, 0, 0)), *good[1:]),
        "png of negative width": png(
            (b"IHDR", struct.pack(">IIBBBBB", 2**31, 2**31, 8, 2, 0, 0, 0)), *good[1:]
        ),
        "png of depth 7": png((b"IHDR", head[:8] + b"\7\2\0\0\0"), *good[1:]),
        "png of colour 9": png((b"IHDR", head[:8] + b"\x08\x09\0\0\0"), *good[1:]),
        "png without head": png(*good[1:]),
        "png without data": png(good[0], good[2]),
        "png without end": png(*good[:2]),
        "png of two heads": png(good[0], good[0], *good[1:]),
        "png chunk of 2 GB": _SIGNATURE + struct.pack(">I4s", 2**31 - 1, b"IHDR") + head,
        "png text bomb": lambda: png(good[0], (b"zTXt", b"k\0\0" + _bomb()), *good[1:]),
        "png international text bomb": lambda: png(
            good[0], (b"iTXt", b"k\0\1\0\0\0" + _bomb()), *good[1:]
        ),
        "png profile bomb": lambda: png(good[0], (b"iCCP", b"k\0\0" + _bomb()), *good[1:]),
        "png of ten thousand texts": png(
            good[0], *[(b"tEXt", b"k\0" + b"v" * 9000)] * 10000, *good[1:]
        ),
        "png text without end": png(good[0], (b"tEXt", b"k" * 70000), *good[1:]),
        "png orientation 99": png(good[0], (b"eXIf", _exif(99)), *good[1:]),
        "png orientation list": png(good[0], (b"eXIf", _exif(6, count=1 << 30)), *good[1:]),
        "png notes of 4 MB": png(good[0], (b"eXIf", _exif(6) + bytes(4 << 20)), *good[1:]),
        "png data bomb": lambda: png(good[0], (b"IDAT", _bomb()), good[2]),
        "png transparency of nothing": png(good[0], (b"tRNS", b""), *good[1:]),
        "png transparency too long": png(good[0], (b"tRNS", bytes(999)), *good[1:]),
        "png gamma of nothing": png(good[0], (b"gAMA", b""), *good[1:]),
        "png size of nothing": png(good[0], (b"pHYs", b"\0"), *good[1:]),
        "png animation of nothing": png(good[0], (b"acTL", b""), *good[1:]),
        "png of a billion frames": png(
            good[0], (b"acTL", struct.pack(">II", 2**31, 0)), (b"fcTL", bytes(26)), *good[1:]
        ),
        "webp 16383 by 16383": _webp(16383, 16383),
        "webp 16 million by 16 million": _webp(1 << 24, 1 << 24),
        "webp without size": b"RIFF\x04\0\0\0WEBP",
        "gif 65535 by 65535": b"GIF89a"
        + b"\xff" * 4
        + b"\0\0\0,\0\0\0\0\xff\xff\xff\xff\0\x08\x01\0\0;",
        "gif frame outside": b"GIF89a\x04\0\x04\0\0\0\0,\xff\xff\xff\xff\x10\0\x10"
        + b"\0\0\x08\x01\0\0;",
        "gif of comments": b"GIF89a\x04\0\x04\0\0\0\0" + b"!\xfe\xff" * 9 + bytes(255 * 9) + b"\0;",
        "gif without frame": b"GIF89a\x04\0\x04\0\0\0\0;",
        "bmp of negative height": _bmp(16, -(2**31)),
        "bmp 30000 by 30000": _bmp(30000, 30000),
        "bmp of run lengths": _bmp(7000, 7000, compression=1, data=b"\1\0" * (1 << 20)),
        "bmp of unknown packing": _bmp(16, 16, compression=99),
        "bmp of a huge palette": _bmp(16, 16, colours=2**31),
        "bmp of depth 3": _bmp(16, 16, depth=3),
        "ppm of digits": b"P6\n" + b"9" * 100_000 + b" 9\n255\n",
        "ppm of comments": b"P6\n" + b"#\n" * 500_000 + b"4 4\n255\n" + bytes(48),
        "ppm of one endless comment": b"P6\n#" + bytes(2_000_000),
        "ppm plain of 8000 by 8000": b"P3\n8000 8000\n255\n" + b"1 " * 1_000_000,
        "ppm plain bits": b"P1\n8000 8000\n" + b"1" * 1_000_000,
        "ppm slow": b"P6\n8000 8000\n7\n" + bytes(3 << 20),
        "ppm of no colours": b"P6\n4 4\n0\n" + bytes(48),
        "ppm of 65536 colours": b"P6\n4 4\n65536\n" + bytes(96),
        "ppm negative": b"P6\n-4 4\n255\n" + bytes(48),
        "ppm too large": b"P5\n99999 99999\n255\n",
        "tiff of nothing": b"II*\0",
        "tiff that points to itself": b"II*\0\x08\0\0\0\0\0\x08\0\0\0",
        "tiff directory at the end": b"II*\0\xff\xff\xff\xff",
        "tiff of 65535 tags": b"II*\0\x08\0\0\0\xff\xff" + bytes(12 * 65535),
        "tiff of a billion strips": _tiff({273: (4, 1 << 30, 8), 256: (4, 1, 16), 257: (4, 1, 16)}),
        "tiff of 8 million strips": lambda: _tiff(
            {256: (4, 1, 16), 257: (4, 1, 16), 273: (4, 8_000_000, 8)}, bytes(32_000_000)
        ),
        "tiff 60000 by 60000": _tiff({256: (4, 1, 60000), 257: (4, 1, 60000), 259: (3, 1, 1)}),
        "tiff of no width": _tiff({256: (4, 1, 0), 257: (4, 1, 16)}),
        "tiff of 99 samples": _tiff({256: (4, 1, 9), 257: (4, 1, 9), 277: (3, 1, 99)}),
        "tiff of unknown packing": _tiff({256: (4, 1, 9), 257: (4, 1, 9), 259: (3, 1, 9999)}),
        "tiff of unknown type": _tiff({256: (99, 1, 9), 257: (4, 1, 9)}),
        "big tiff of nothing": b"II+\0\x08\0\0\0",
        "big tiff of a trillion tags": b"II+\0\x08\0\0\0" + struct.pack("<QQ", 16, 1 << 40),
        "jpeg of nothing": b"\xff\xd8\xff",
        "jpeg of markers": b"\xff\xd8" + b"\xff\xe0\x00\x02" * 100_000,
        "jpeg 65535 by 65535": _resized_jpeg(65535, 65535),
        "jpeg 7900 by 7900 cut": _resized_jpeg(7900, 7900),
        "jpeg of no height": _resized_jpeg(16, 0),
        "jpeg of a thousand scans": _many_scans,
        "jpeg camera of rubbish": seeds.picture("JPEG")[:2]
        + b"\xff\xe1\x04\x02Exif\0\0"
        + bytes(1016)
        + seeds.picture("JPEG")[2:],
        "jpeg preview in a preview": seeds.picture("JPEG")[:2]
        + b"\xff\xe2\x00\x10MPF\0"
        + bytes(10)
        + seeds.picture("JPEG")[2:],
        "float tiff of NaN": _float_tiff(np.nan),
        "float tiff of infinity": _float_tiff(np.inf),
        "float tiff out of range": _float_tiff(1e30),
        "integers of 32 bits": _integer_tiff,
    }
    for form in (b"P1", b"P2", b"P3", b"P4", b"P5", b"P6"):
        found[f"ppm {form.decode()} cut short"] = form + b"\n100 100\n255\n12 13"
    return found


def _bomb() -> bytes:
    return zlib.compress(bytes(200 << 20), 9)


def _exif(orientation: int, count: int = 1) -> bytes:
    return b"II*\0\x08\0\0\0\x01\0" + struct.pack("<HHII", 274, 3, count, orientation) + bytes(4)


def _webp(width: int, height: int) -> bytes:
    size = (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    body = b"VP8X\x0a\0\0\0\x02\0\0\0" + size + b"ANIM\x06\0\0\0" + bytes(6)
    return b"RIFF" + struct.pack("<I", 4 + len(body)) + b"WEBP" + body


def _bmp(
    width: int,
    height: int,
    depth: int = 8,
    compression: int = 0,
    colours: int = 0,
    data: bytes = bytes(300),
) -> bytes:
    head = struct.pack(
        "<IiiHHIIiiII", 40, width, height, 1, depth, compression, 0, 0, 0, colours, 0
    )
    offset = 14 + 40 + 1024
    return struct.pack("<2sIII", b"BM", 0, 0, offset) + head + bytes(1024) + data


def _tiff(tags: dict[int, tuple[int, int, int]], tail: bytes = bytes(64)) -> bytes:
    entries = b"".join(struct.pack("<HHII", tag, *rest) for tag, rest in sorted(tags.items()))
    return b"II*\0\x08\0\0\0" + struct.pack("<H", len(tags)) + entries + bytes(4) + tail


def _resized_jpeg(width: int, height: int) -> bytes:
    data = bytearray(seeds.picture("JPEG"))
    struct.pack_into(">HH", data, data.index(b"\xff\xc0") + 5, height, width)
    return bytes(data)


def _many_scans() -> bytes:
    """Return a progressive JPEG of 60 megapixels whose last scan is repeated a thousand times."""
    stream = io.BytesIO()
    Image.new("L", (7700, 7700)).save(stream, "JPEG", progressive=True)
    data = stream.getvalue()
    last = data.rindex(b"\xff\xda")
    return data[:last] + data[last:-2] * 1000 + data[-2:]


def _float_tiff(value: float) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(np.full((16, 16), value, np.float32)).save(stream, "TIFF")
    return stream.getvalue()


def _integer_tiff() -> bytes:
    stream = io.BytesIO()
    Image.fromarray(np.full((16, 16), 1 << 30, np.int32)).save(stream, "TIFF")
    return stream.getvalue()


def _pipe(folder: Path) -> Path:
    os.mkfifo(folder / "step-3.png")
    return folder / "step-3.png"


def _empty_folder(folder: Path) -> Path:
    (folder / "step-3.png").mkdir()
    return folder / "step-3.png"


def _mixed(folder: Path) -> Path:
    (folder / "good.png").write_bytes(seeds.picture())
    (folder / "bad.png").write_bytes(seeds.picture()[:90])
    return folder


def _deep(folder: Path) -> Path:
    (folder / "good.png").write_bytes(seeds.picture())
    inner = os.open(folder, os.O_RDONLY)
    for _ in range(1500):
        os.mkdir("d", dir_fd=inner)
        below = os.open("d", os.O_RDONLY, dir_fd=inner)
        os.close(inner)
        inner = below
    os.close(inner)
    return folder


def _circle(folder: Path) -> Path:
    (folder / "good.png").write_bytes(seeds.picture())
    (folder / "round").symlink_to(folder)
    return folder


def _no_text(folder: Path) -> Path:
    (folder / "good.png").write_bytes(seeds.picture())
    (folder / os.fsdecode(b"\xff\x1b[2J.png")).write_bytes(seeds.picture()[:90])
    return folder
