"""Malformed datasets of other people: tensors, HDF5, Parquet, CIFAR, STL-10, TIFF, label tables."""

from __future__ import annotations

import io
import json
import pickle
import struct
import zipfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from tests.hostile import seeds
from tests.hostile.cases import Case, Expect, cuts, damaged, file_case


def cases() -> Iterator[Case]:
    """Yield all malformed datasets."""
    whole: dict[str, tuple[str, Callable[[], bytes]]] = {
        "tensors.pt": ("data", seeds.tensors),
        "set.h5": ("data", seeds.hdf5),
        "set.parquet": ("data", seeds.parquet),
        "data_batch_1": ("data", seeds.cifar),
        "data_batch_2.bin": ("data", seeds.cifar_binary),
        "bands.tif": ("data", seeds.tiff_bands),
        "deflated.tif": ("data", partial(seeds.tiff_bands, "<u2", 3, 8)),
        "tiled.tif": ("data", partial(seeds.tiff_bands, "<i4", 2, 1, True)),
        "pages.tif": ("data", partial(seeds.picture, "TIFF", 3)),
        "a.avif": ("data", partial(seeds.picture, "AVIF")),
        "a.jp2": ("data", partial(seeds.picture, "JPEG2000")),
        "a.tga": ("data", partial(seeds.picture, "TGA")),
    }
    for name, (reader, make) in whole.items():
        content = make()
        for place, cut in cuts(content, 5):
            yield file_case(f"{name} cut at {place}", reader, name, cut, "any")
        for number, bad in damaged(content, 10, 3):
            yield file_case(f"{name} damaged {number}", reader, name, bad, "any")
    yield from _programs()
    yield from _hdf5()
    yield from _tables()
    yield from _objects()
    yield from _stl10()
    yield from _foreign()


def _programs() -> Iterator[Case]:
    """Yield pickles that would run code, never end, or describe impossible arrays and tensors."""
    one = np.zeros((1, 3072), np.uint8)
    programs = {
        "calls a program": b"cos\nsystem\n(S'true'\ntR.",
        "by a newer protocol": b"\x80\x04\x8c\x02os\x8c\x06system\x93\x8c\x04true\x85R.",
        "nested": b"\x80\x02" + b"]" * 50_000 + b"a" * 49_999 + b".",
        "of marks": b"\x80\x02" + b"(" * 100_000 + b".",
        "that doubles": b"\x80\x02]q\x00" + b"h\x00h\x00a" * 1000 + b".",
        "of long numbers": b"\x80\x02\x8b\xff\xff\xff\x7f.",
        "cut short": seeds.cifar()[:-1],
        "nothing": b"\x80\x02.",
        "a list": pickle.dumps([1, 2], 2),
        "without pictures": pickle.dumps({b"labels": [1]}, 2),
        "an array of objects": pickle.dumps({b"data": np.array([{}], object)}, 2),
        "pictures of floats": pickle.dumps({b"data": np.zeros((2, 3072))}, 2),
        "labels of texts": pickle.dumps({b"data": one, b"labels": "a"}, 2),
        "a huge array": seeds.cifar().replace(b"K\x04M\x00\x0c", b"J\xff\xff\xff\x7fM\x00\x0c"),
    }
    for what, program in programs.items():
        expect: Expect = "any" if what.startswith("labels") else "refused"
        yield file_case(f"CIFAR {what}", "data", "data_batch_1", program, expect)
        yield file_case(f"tensors: pickle {what}", "data", "a.pt", _torch_zip(program), "refused")
        old = b"\x80\x02" + program
        yield file_case(f"tensors of old torch: {what}", "data", "a.pt", old, "refused")
    tensor = _tensor_program(shape=(2**40, 3, 8, 8))
    yield file_case("tensor of 2^40 pictures", "data", "a.pt", _torch_zip(tensor), "refused")
    strides = _tensor_program(stride=(0, 0, 0, 0))
    yield file_case("tensor of strides of nothing", "data", "a.pt", _torch_zip(strides), "any")
    for what, value in {"negative": -1, "huge": 2**31 - 1}.items():
        for field in ("offset", "shape", "stride"):
            given: Any = value if field == "offset" else (value, 3, 8, 8)
            bad = _torch_zip(_tensor_program(**{field: given}))
            # A stride along an axis of length 1 is never used, and harmless.
            ends: Expect = "any" if (what, field) == ("huge", "stride") else "refused"
            yield file_case(f"tensor of a {what} {field}", "data", "a.pt", bad, ends)
    packed = _torch_zip(_tensor_program(), zipfile.ZIP_DEFLATED)
    yield file_case("tensors that are packed", "data", "a.pt", packed, "refused")
    missing = _torch_zip(_tensor_program(key="9"))
    yield file_case("tensor without numbers", "data", "a.pt", missing, "refused")


class _Named:
    """Global reference of a pickle (opcode ``c``) to a name in a module."""

    def __init__(self, module: str, name: str) -> None:
        self.module, self.name = module, name

    def opcode(self) -> bytes:
        return f"c{self.module}\n{self.name}\n".encode()


def _tensor_program(
    key: str = "0",
    offset: int = 0,
    shape: tuple[int, ...] = (1, 3, 8, 8),
    stride: tuple[int, ...] = (192, 64, 8, 1),
) -> bytes:
    """Return the pickle of one uint8 tensor, as torch writes it."""
    numbers = [b"(" + b"".join(_number(n) for n in sizes) + b"t" for sizes in (shape, stride)]
    storage = b"(X\x07\0\0\0storage" + _Named("torch", "ByteStorage").opcode()
    storage += b"X\x01\0\0\0" + key.encode() + b"X\x03\0\0\0cpu" + _number(192) + b"tQ"
    made = b"(" + storage + _number(offset) + numbers[0] + numbers[1] + b"\x89"
    made += _Named("collections", "OrderedDict").opcode() + b")Rt"
    return b"\x80\x02" + _Named("torch._utils", "_rebuild_tensor_v2").opcode() + made + b"R."


def _number(value: int) -> bytes:
    if -(2**31) <= value < 2**31:
        return b"J" + struct.pack("<i", value)
    return b"\x8a\x08" + struct.pack("<q", value)


def _torch_zip(program: bytes, method: int = zipfile.ZIP_STORED) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", method) as archive:
        archive.writestr("a/data.pkl", program)
        archive.writestr("a/byteorder", b"little")
        archive.writestr("a/data/0", bytes(192))
    return stream.getvalue()


def _hdf5() -> Iterator[Case]:
    """Yield small HDF5 files that make the library allocate gigabytes, or only claim their data."""
    whole = seeds.hdf5()
    for length in (1 << 28, 1 << 31, (1 << 32) - 1):
        name, bad = f"HDF5 driver block of {length:,} bytes", seeds.with_driver_block(whole, length)
        yield file_case(name, "data", "a.h5", bad, "refused")
    for shape in ((2, 60_000, 60_000, 3), (64, 64, 3, 1_000_000), (2, 60_000, 60_000)):
        made = partial(_claiming, shape)
        yield file_case(f"HDF5 claims {shape}", "data", "a.h5", made, "refused")
    yield file_case("HDF5 chunk bomb", "data", "a.h5", _chunk_bomb, "refused")


def _claiming(shape: tuple[int, ...]) -> bytes:
    import h5py

    stream = io.BytesIO()
    with h5py.File(stream, "w") as file:
        one = file.create_dataset("images", shape, "u1", chunks=(1,) * len(shape))
        one[(0,) * len(shape)] = 1
    return stream.getvalue()


def _chunk_bomb() -> bytes:
    """Return an HDF5 file with a chunk that decompresses to far more than its size (3 GiB)."""
    import zlib

    import h5py

    stream = io.BytesIO()
    with h5py.File(stream, "w") as file:
        shape = (4, 16, 16, 3)
        one = file.create_dataset("images", shape, "u1", chunks=shape, compression="gzip")
        packer = zlib.compressobj(9)
        packed = b"".join(packer.compress(bytes(1 << 20)) for _ in range(3 << 10)) + packer.flush()
        one.id.write_direct_chunk((0, 0, 0, 0), packed)
    return stream.getvalue()


def _objects() -> Iterator[Case]:
    """Yield object annotations that would need endless time or memory, or have wrong values."""
    long = 1_000_000
    lists = '"images":[{"id":1,"file_name":"0.png"}],"categories":[{"id":1,"name":"a"}]'
    shape, keys = '{"label":1}', ",".join(f'"{n}":1' for n in range(1000))
    box = '{"image_id":1,"category_id":1,"bbox":'
    wrong: dict[str, tuple[str, str]] = {
        "objects without an end": ("0.xml", "<annotation>" + "<object>" * (long // 8)),
        "spaces in a name": ("0.xml", f"<annotation><object><name>{' ' * long}</object>"),
        "digits of an edge": ("0.xml", f"<annotation><object><xmin>{'1' * long}x</object>"),
        "digits": ("0.txt", f"0 {'1' * long}x 1 1 1"),
        "dots": ("0.txt", f"0 {'.' * long} 1 1 1"),
        "a box of texts": (
            "a.json",
            f'{{{lists},"annotations":[{box}[0,0,"{"a" * 1000}",99999999]}}]}}',
        ),
        "a box of huge numbers": (
            "a.json",
            f'{{{lists},"annotations":[{box}[0,0,1{"0" * 400},1]}}]}}',
        ),
        "a box of two": ("a.json", f'{{{lists},"annotations":[{box}[0,0]}}]}}'),
        "pictures without numbers": (
            "a.json",
            '{"images":[{"file_name":"0.png"}],"categories":[{}],"annotations":[]}',
        ),
        "many shapes": (
            "0.json",
            f'{{"imagePath":"0.png","shapes":[{",".join([shape] * 90_000)}]}}',
        ),
        "rows of nothing": (
            "a.json",
            f"[{{{keys}}}{',{}' * long}]",
        ),
        "names of separators": ("classes.txt", f"a{' ' * 900_000}{':' * 100_000}b\nc"),
    }
    for what, (name, text) in wrong.items():
        yield _beside(f"{name} of {what}", name, text.encode())
    # File names in an archive may be long.
    for what, long_name in {
        "dashes": "a" + "_" * 60_000,
        "digits": "a" + "1" * 60_000 + "!",
    }.items():
        yield file_case(
            f"zip: a name of {what}", "data", "a.zip", partial(_named, long_name), "any"
        )


def _named(name: str) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for number in range(3):
            archive.writestr(f"{name}.{number}.png", seeds.picture())
    return stream.getvalue()


def _tables() -> Iterator[Case]:
    """Yield malformed label files next to valid pictures, which are read in any case."""
    wrong: dict[str, bytes] = {
        "nothing": b"",
        "rubbish": bytes(range(256)) * 20,
        "NUL": b"file_name,label\n0.png,\0\n1.png,b\n",
        "quotes": b'file_name,label\n"' * 2000,
        "one line": b"a," * 100_000,
        "rows of all lengths": b"file_name,label\n0.png\n1.png,b,c,d\n,\n",
        "escapes": "file_name,label\n0.png,\x1b[2J\n1.png,\u202eb\n2.png,c\n3.png,c\n".encode(),
        "a long class": b"file_name,label\n0.png," + b"x" * 100_000 + b"\n1.png,b\n",
        "paths up": b"file_name,label\n../../0.png,a\n/etc/passwd,b\n",
        "a long number": b"file_name,label\n0.png," + b"9" * 5000 + b"\n1.png,2\n",
    }
    for name in ("metadata.csv", "labels.txt", "a.tsv"):
        for what, content in wrong.items():
            yield _beside(f"{name} of {what}", name, content)
    bad_json: dict[str, bytes] = {
        "nothing": b"",
        "nested": b"[" * 100_000,
        "a list": b"[]",
        "no labels": b"{}",
        "labels of texts": b'{"labels": "abc"}',
        "labels of numbers": b'{"labels": [1, 2]}',
        "a label of nothing": b'{"labels": [["0.png", null]]}',
        "a label of objects": b'{"labels": [["0.png", {}]]}',
        "a label of lists": b'{"labels": [["0.png", [[]]]]}',
        "NaN": b'{"labels": [["0.png", NaN]]}',
        "digits": b'{"labels": [["0.png", ' + b"9" * 5000 + b"]]}",
        "escapes": json.dumps({"labels": [["0.png", "\x1b[2J"], ["1.png", "\ud800"]]}).encode(),
    }
    for what, content in bad_json.items():
        yield _beside(f"dataset.json of {what}", "dataset.json", content)
        lines = content + b"\n" + content
        yield _beside(f"metadata.jsonl of {what}", "metadata.jsonl", lines)
        yield _beside(f"sidecar of {what}", "0.json", content)
    for what, content in {"rubbish": b"\xff\xfe\0", "digits": b"9" * 5000, "nothing": b""}.items():
        yield _beside(f"cls of {what}", "0.cls", content)
    for what, text in {
        "a table": seeds.TABLE,
        "lines": seeds.LINES,
        "attributes": seeds.CELEBA,
        "a manifest": seeds.MANIFEST,
    }.items():
        suffix = {"lines": "jsonl", "attributes": "txt", "a manifest": "json"}.get(what, "csv")
        name = "dataset.json" if suffix == "json" else f"m.{suffix}"
        for place, cut in cuts(text.encode(), 4):
            yield _beside(f"{what} cut at {place}", name, cut)


def _beside(what: str, name: str, content: bytes) -> Case:
    def make(folder: Path) -> Path:
        for number in range(4):
            (folder / f"{number}.png").write_bytes(seeds.picture())
        (folder / name).write_bytes(content)
        return folder

    return Case(f"labels: {what}", "data", make, "harmless")


def _stl10() -> Iterator[Case]:
    for what, content in {"nothing": b"", "a byte": b"\0", "half a picture": bytes(20_000)}.items():
        yield file_case(f"STL-10 of {what}", "data", "train_X.bin", content, "refused")

    def labels(folder: Path) -> Path:
        (folder / "train_X.bin").write_bytes(bytes(3 * 96 * 96))
        (folder / "train_y.bin").write_bytes(bytes(99))
        (folder / "class_names.txt").write_bytes(b"\xff" * 1000)
        return folder

    yield Case("STL-10 of other labels", "data", labels, "harmless")


def _foreign() -> Iterator[Case]:
    """Yield files of unsupported formats: reported by their format, never as damaged."""
    heads = {
        "a.heic": b"\0\0\0\x18ftypheic",
        "a.nii": bytes(344) + b"n+1\0",
        "a.dcm": bytes(128) + b"DICM",
        "a.mat": b"MATLAB 5.0 MAT-file",
        "a.mp4": b"\0\0\0\x18ftypisom",
        "a.psd": b"8BPS\0\1",
        "a.exr": b"v/1\x01",
        "a.7z": b"7z\xbc\xaf\x27\x1c",
        "a.jxl": b"\xff\x0a",
        "a.pkl": pickle.dumps({"a": 1}),
        "a.fits": b"SIMPLE  =",
        "a.zst": b"\x28\xb5\x2f\xfd",
    }
    for name, head in heads.items():
        yield file_case(f"not read: {name}", "data", name, head + bytes(100), "refused")
        alone = name.rpartition(".")[2]
        yield file_case(f"not read: {alone} without an ending", "data", "a", head, "refused")
