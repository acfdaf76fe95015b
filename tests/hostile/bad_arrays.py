"""Malformed NumPy arrays, IDX files and cache files: headers, claimed sizes, types, damage."""

from __future__ import annotations

import gzip
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

from ddpm_studio.data import prepare
from ddpm_studio.requests import PrepareOptions
from tests.hostile import seeds
from tests.hostile.cases import Case, Expect, cuts, damaged, file_case

_DEEP = 9000


def cases() -> Iterator[Case]:
    """Yield all malformed arrays and cache files."""
    yield from _npys()
    yield from _npzs()
    yield from _idxs()
    yield from _caches()
    for name, content in {
        "a.npy": seeds.npy(),
        "a.npz": seeds.npz(),
        "a-images-idx3-ubyte": seeds.idx(),
        "a-images-idx3-ubyte.gz": seeds.idx_gz(),
    }.items():
        for place, cut in cuts(content, 6):
            yield file_case(f"{name} cut at {place}", "data", name, cut, "refused")
        for number, bad in damaged(content, 12, 1):
            yield file_case(f"{name} damaged {number}", "data", name, bad, "any")


def npy(header: str | bytes, body: bytes = bytes(3072), version: int = 1) -> bytes:
    """Return a .npy file with this header, whose length field is right."""
    text = header.encode("latin-1") if isinstance(header, str) else header
    length = struct.pack("<H" if version == 1 else "<I", len(text))
    return b"\x93NUMPY" + bytes((version, 0)) + length + text + body


def _header(descr: str = "'|u1'", shape: str = "(1, 32, 32, 3)", order: str = "False") -> str:
    return f"{{'descr': {descr}, 'fortran_order': {order}, 'shape': {shape}, }}\n"


def _npys() -> Iterator[Case]:
    headers: dict[str, str | bytes] = {
        "nested": "(" * _DEEP,
        "minus signs": _header(shape="(" + "-" * _DEEP + "1,)"),
        "nested shape": _header(shape="(" * 3000 + ")" * 3000),
        "a program": _header(shape="(__import__('os').system('true'),)"),
        "a multiplication": _header(shape="(9**9**9, 32, 32, 3)"),
        "a negative side": _header(shape="(-1, 32, 32, 3)"),
        "a huge side": _header(shape="(1, 99999999999, 99999999999, 3)"),
        "a side of 5000 digits": _header(shape=f"({'9' * 5000}, 32, 32, 3)"),
        "a hundred dimensions": _header(shape="(" + "1, " * 100 + ")"),
        "no dimension": _header(shape="()"),
        "a float for a side": _header(shape="(1.0, 32, 32, 3)"),
        "a text for a shape": _header(shape="'(1, 32, 32, 3)'"),
        "no pictures": _header(shape="(0, 32, 32, 3)"),
        "sides of nothing": _header(shape="(1, 0, 0, 3)"),
        "objects": _header("'|O'"),
        "objects in a record": _header("[('a', '|O')]"),
        "a record": _header("[('a', '<f4'), ('b', '<i8')]"),
        "a record in records": _header("[" * 3000 + "]" * 3000),
        "an unknown type": _header("'<q99'"),
        "a type of nothing": _header("'|V0'"),
        "texts": _header("'<U768'"),
        "dates": _header("'<M8[ns]'"),
        "complex numbers": _header("'<c16'", "(1, 8, 8, 3)"),
        "wide texts": _header("'|S9999'", "(1, 1, 1, 1)"),
        "a type with a space": _header("'< f4'"),
        "order of text": _header(order="'yes'"),
        "no order": "{'descr': '|u1', 'shape': (1, 32, 32, 3), }\n",
        "no shape": "{'descr': '|u1', 'fortran_order': False, }\n",
        "no descr": "{'fortran_order': False, 'shape': (1, 32, 32, 3), }\n",
        "a list": "['|u1', False, (1, 32, 32, 3)]\n",
        "nothing": "",
        "rubbish": b"\xff\x00\xfe" * 100,
        "NUL": _header().replace("'descr'", "'descr\0'"),
        "quotes": "'" * 5000,
        "escapes": "\\" * 5000,
        "comment": "#" * 5000,
        "an f-text": "{'descr': f'{1/0}', 'fortran_order': False, 'shape': (1,32,32,3)}",
        "line ends": "\n" * 5000,
        "too long": _header() + " " * 60000,
        "a body too short": _header(shape="(2, 32, 32, 3)"),
        "Fortran's order cut short": _header(shape="(2, 32, 32, 3)", order="True"),
    }
    for what, header in headers.items():
        yield file_case(f"npy header of {what}", "data", "a.npy", npy(header), "refused")
        if len(header) < 10_000:
            bad = npy(header)
            yield file_case(
                f"npz header of {what}", "data", "a.npz", _zip({"x.npy": bad}), "refused"
            )
    for version in (0, 2, 3, 4, 255):
        expect: Expect = "harmless" if version in (2, 3) else "refused"
        yield file_case(
            f"npy version {version}", "data", "a.npy", npy(_header(), version=version), expect
        )
    long = b"\x93NUMPY\x02\0" + struct.pack("<I", 2**32 - 1) + _header().encode()
    yield file_case("npy header of 4 GB", "data", "a.npy", long, "refused")
    values: dict[str, np.ndarray] = {
        "NaN": np.full((2, 8, 8, 3), np.nan),
        "infinity": np.full((2, 8, 8, 3), np.inf),
        "negative": np.full((2, 8, 8, 3), -5),
        "huge": np.full((2, 8, 8, 3), 2**62),
        "half floats of NaN": np.full((2, 8, 8, 3), np.nan, np.float16),
        "one number": np.array(3),
        "a line": np.zeros(99, np.uint8),
        "a plane": np.zeros((9, 9), np.uint8),
        "five dimensions": np.zeros((2, 2, 9, 9, 3), np.uint8),
        "seventy channels": np.zeros((2, 9, 9, 70), np.uint8),
        "texts": np.array(["a", "b"]),
        "dates": np.array(["2020-01-01"], "M8[D]"),
    }
    for what, array in values.items():
        stream = io.BytesIO()
        np.save(stream, array)
        yield file_case(f"npy of {what}", "data", "a.npy", stream.getvalue(), "refused")
    stream = io.BytesIO()
    np.save(stream, np.array([{"a": 1}], object), allow_pickle=True)
    yield file_case("npy of objects", "data", "a.npy", stream.getvalue(), "refused")
    yield file_case("pickle as npy", "data", "a.npy", pickle.dumps([1, 2]), "refused")
    yield Case("npy of 4 GB of nothing", "data", _sparse_npy, "refused")


def _sparse_npy(folder: Path) -> Path:
    path = folder / "a.npy"
    path.write_bytes(npy(_header(shape="(1500000000, 1, 1, 3)"), b""))
    with path.open("r+b") as file:
        file.truncate(4_500_000_128)
    return path


def _zip(members: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", method) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return stream.getvalue()


def _npzs() -> Iterator[Case]:
    giant = npy(_header(shape="(100000, 64, 64, 3)"), bytes(1 << 20))
    claims = _header(shape="(400000, 32, 32, 3)")
    files: dict[str, bytes | Callable[[], bytes]] = {
        "of several unknown names": _zip({"a.npy": seeds.npy(), "b.npy": seeds.npy()}),
        "of nothing": _zip({}),
        "of a text": _zip({"images.npy": b"hello"}),
        "of an empty array": _zip({"images.npy": b""}),
        "that claims 1 GB": _zip({"images.npy": giant}),
        "bomb": lambda: _zip({"x.npy": npy(claims, bytes(400000 * 3072))}),
        "of a thousand names": _zip({f"n{k}.npy": b"" for k in range(1000)}),
    }
    for what, content in files.items():
        yield file_case(f"npz {what}", "data", "a.npz", content, "refused")
    labels = {
        "of another length": np.arange(9),
        "of floats": np.zeros(4),
        "of texts": np.array(list("abcd")),
        "of objects": None,
    }
    for what, array in labels.items():
        stream = io.BytesIO()
        np.save(stream, np.array([{}] * 4, object) if array is None else array, allow_pickle=True)
        content = _zip({"images.npy": seeds.npy(), "labels.npy": stream.getvalue()})
        ends: Expect = "any" if what in ("of floats", "of texts") else "left out"
        yield file_case(f"npz labels {what}", "data", "a.npz", content, ends)


def _idxs() -> Iterator[Case]:
    name = "a-images-idx3-ubyte"
    big = struct.pack(">HBB3I", 0, 8, 3, 2**31, 2**31, 2**31)
    files = {
        "that claims all": big,
        "of floats": struct.pack(">HBB3I", 0, 0x0D, 3, 1, 8, 8) + bytes(256),
        "of no dimension": struct.pack(">HBB", 0, 8, 0),
        "of 255 dimensions": struct.pack(">HBB", 0, 8, 255) + bytes(4 * 255),
        "of sides of nothing": struct.pack(">HBB3I", 0, 8, 3, 0, 0, 0),
        "of narrow pictures": struct.pack(">HBB3I", 0, 8, 3, 9, 1, 1) + bytes(9),
        "of text": b"hello, this is none",
        "of nothing": b"",
    }
    for what, content in files.items():
        yield file_case(f"idx {what}", "data", name, content, "refused")
        packed = gzip.compress(content, mtime=0)
        yield file_case(f"idx.gz {what}", "data", f"{name}.gz", packed, "refused")
    head = struct.pack(">HBB3I", 0, 8, 3, 900_000, 32, 32)
    yield file_case(
        "idx.gz bomb",
        "data",
        f"{name}.gz",
        lambda: gzip.compress(head + bytes(900_000 * 1024), 1),
        "refused",
    )
    yield file_case("idx.gz of nothing but a head", "data", f"{name}.gz", b"\x1f\x8b", "refused")

    def labels(folder: Path) -> Path:
        (folder / name).write_bytes(seeds.idx())
        (folder / "a-labels-idx1-ubyte").write_bytes(b"\0\0\x08\x01\xff\xff\xff\xff\0")
        return folder / name

    yield Case("idx labels that claim all", "data", labels)


def _cached(folder: Path) -> Path:
    """Prepare pictures of two classes; return the folder of that dataset in the cache."""
    for number in range(4):
        path = folder / "pictures" / "ab"[number % 2] / f"{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(seeds.picture())
    job = prepare([folder / "pictures"], PrepareOptions(), cache=folder / "cache")
    for _ in job:
        pass
    return next(path for path in (folder / "cache" / "data").iterdir() if path.name != "quick")


def _caches() -> Iterator[Case]:
    """Yield damaged caches, with which the pictures are simply prepared again."""

    def case(what: str, harm: Callable[[Path], object]) -> Case:
        def make(folder: Path) -> Path:
            harm(_cached(folder))
            return folder

        return Case(f"cache {what}", "cache", make, "harmless")

    def edit(change: Callable[[dict[str, Any]], object]) -> Callable[[Path], object]:
        def harm(cached: Path) -> None:
            content = json.loads((cached / "report.json").read_text())
            change(content)
            (cached / "report.json").write_text(json.dumps(content))

        return harm

    def write(name: str, content: bytes) -> Callable[[Path], object]:
        return lambda cached: (cached / name).write_bytes(content)

    for what, content in {
        "nested": b"[" * 100_000,
        "nested objects": b'{"a":' * 100_000,
        "nothing": b"",
        "a list": b"[]",
        "rubbish": bytes(range(256)),
        "NaN": b'{"key": NaN}',
        "twice": b'{"key": "a", "key": "b"}',
        "digits": b"9" * 10_000,
    }.items():
        yield case(f"report of {what}", write("report.json", content))
    values: list[Any] = [None, [], "x", {"a": [1]}, -1, 1e308]
    for key in ("key", "options", "report", "class_names", "fingerprint"):
        yield case(f"report without {key}", edit(partial(_drop, key)))
        for value in values:
            yield case(f"report with {key} {json.dumps(value)}", edit(partial(_put, key, value)))
    wrong: dict[str, Any] = {
        "kept": 10**15,
        "sizes": [[["a", 1], 2]],
        "rejects": [1],
        "found": 1e300,
    }
    for key, value in wrong.items():
        yield case(f"report that says {key} {value}", edit(partial(_say, key, value)))
    for name in ("images.npy", "labels.npy"):
        yield case(f"without {name}", partial(_remove, name))
        yield case(f"{name} of nothing", write(name, b""))
        yield case(f"{name} of a header of minus signs", write(name, npy("-" * 9000)))
        yield case(f"{name} of objects", write(name, npy(_header("'|O'"))))
        yield case(f"{name} cut short", partial(_halve, name))
    far = io.BytesIO()
    np.save(far, np.full(4, 10**12))
    yield case("labels.npy of far classes", write("labels.npy", far.getvalue()))


def _drop(key: str, report: dict[str, Any]) -> None:
    report.pop(key)


def _put(key: str, value: Any, report: dict[str, Any]) -> None:
    report[key] = value


def _say(key: str, value: Any, report: dict[str, Any]) -> None:
    report["report"][key] = value


def _remove(name: str, cached: Path) -> None:
    (cached / name).unlink()


def _halve(name: str, cached: Path) -> None:
    path = cached / name
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
