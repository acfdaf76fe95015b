"""Malformed zip and tar archives: names, links, sizes, ratios, counts, nesting, damage."""

from __future__ import annotations

import gzip
import io
import lzma
import struct
import tarfile
import zipfile
from collections.abc import Iterator
from functools import partial

from tests.hostile import seeds
from tests.hostile.cases import Case, cuts, damaged, file_case

NAMES = {
    "up": "../a.png",
    "up inside": "a/../../a.png",
    "up at the end": "a/..",
    "absolute": "/etc/a.png",
    "two slashes": "//server/a.png",
    "drive": "C:/a.png",
    "drive in lower case": "c:a.png",
    "backslashes up": "..\\..\\a.png",
    "share": "\\\\server\\share\\a.png",
    "backslash root": "\\a.png",
}
STRANGE = {
    "reserved": "CON.png",
    "reserved with an ending": "nul.tar.png",
    "trailing dots": "a.png...",
    "escape sequences": "\x1b[2J\x1b]0;owned\x07.png",
    "right to left": "a\u202egnp.exe.png",
    "line break": "a\nerror: all is lost.png",
    "very long": "a" * 4000 + ".png",
    "deep": "d/" * 800 + "a.png",
    "markup": "<img src='file:///etc/passwd'>.png",
    "only dots": "./././a.png",
    "stream": "a.png:hidden",
    "empty": "",
    "percent": "%s%n%x.png",
}


def cases() -> Iterator[Case]:
    """Yield all malformed archives."""
    yield from _names()
    yield from _zips()
    yield from _tars()
    whole = {
        "stored.zip": seeds.zip_archive(zipfile.ZIP_STORED),
        "packed.zip": seeds.zip_archive(),
        "bzip2.zip": seeds.zip_archive(zipfile.ZIP_BZIP2),
        "lzma.zip": seeds.zip_archive(zipfile.ZIP_LZMA),
        "plain.tar": seeds.tar_archive(),
        "a.tar.gz": seeds.tar_archive("w:gz"),
        "a.tar.bz2": seeds.tar_archive("w:bz2"),
        "a.tar.xz": seeds.tar_archive("w:xz"),
    }
    for name, content in whole.items():
        # A tar archive that is cut off between two members looks complete.
        for place, cut in cuts(content, 5):
            yield file_case(f"{name} cut at {place}", "data", name, cut, "any")
        for number, bad in damaged(content, 9):
            yield file_case(f"{name} damaged {number}", "data", name, bad, "any")


def _zip_of(members: dict[str, bytes], **how: object) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            info = zipfile.ZipInfo("x")
            # Exactly as given: ZipInfo's constructor would normalise the name.
            info.filename = info.orig_filename = name
            info.compress_type = zipfile.ZIP_DEFLATED
            for key, value in how.items():
                setattr(info, key, value)
            archive.writestr(info, data)
    return stream.getvalue()


def _tar_of(members: dict[str, bytes], mode: str = "w", **how: object) -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode=mode) as archive:  # type: ignore[call-overload]
        for name, data in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            for key, value in how.items():
                setattr(info, key, value)
            archive.addfile(info, io.BytesIO(data))
    return stream.getvalue()


def _names() -> Iterator[Case]:
    good = seeds.picture()
    for what, name in NAMES.items():
        yield file_case(f"zip name {what}", "data", "a.zip", _zip_of({name: good}), "refused")
        yield file_case(f"tar name {what}", "data", "a.tar", _tar_of({name: good}), "refused")
    for what, name in STRANGE.items():
        yield file_case(f"zip name {what}", "data", "a.zip", _zip_of({name: good}), "any")
        yield file_case(
            f"zip damaged picture, name {what}",
            "data",
            "a.zip",
            _zip_of({name: good[:90], "good.png": good}),
            "any",
        )
        yield file_case(
            f"tar class name {what}",
            "data",
            "a.tar",
            _tar_of({f"{name}/a.png": good, "b/b.png": good}),
            "any",
        )
    yield file_case(
        "zip name with NUL", "data", "a.zip", _zip_of({"a.png\0../../b.png": good}), "any"
    )


def _zips() -> Iterator[Case]:
    good = seeds.picture()
    link = _zip_of({"l.png": b"/etc/passwd"}, create_system=3, external_attr=0o120777 << 16)
    yield file_case("zip link", "data", "a.zip", link, "refused")
    yield file_case("zip of nothing", "data", "a.zip", _zip_of({}), "refused")
    yield file_case(
        "zip in a zip", "data", "a.zip", _zip_of({"b.zip": _zip_of({"a": good})}), "refused"
    )
    yield file_case("zip of texts", "data", "a.zip", _zip_of({"a.txt": b"hello"}), "refused")
    bombs = {
        "zip bomb": lambda: _zip_of({"a.png": bytes(300 << 20)}),
        "zip of many small bombs": lambda: _zip_of(
            {f"{k}.png": bytes(30 << 20) for k in range(10)}
        ),
        "zip member of 200 MB of zeros": lambda: _zip_of(
            {"a.png": b"\x89PNG\r\n\x1a\n" + bytes(200 << 20)}
        ),
    }
    for what, bomb in bombs.items():
        yield file_case(what, "data", "a.zip", bomb, "refused")
    whole = bytearray(_zip_of({"a.png": good}))
    local, central, end = (whole.rindex(m) for m in (b"PK\3\4", b"PK\1\2", b"PK\5\6"))
    fields = {
        "central size": (central + 24, "<I"),
        "central packed size": (central + 20, "<I"),
        "central offset": (central + 42, "<I"),
        "central name length": (central + 28, "<H"),
        "central extra length": (central + 30, "<H"),
        "central comment length": (central + 32, "<H"),
        "central method": (central + 10, "<H"),
        "central flags": (central + 8, "<H"),
        "central version": (central + 6, "<H"),
        "central CRC": (central + 16, "<I"),
        "local method": (local + 8, "<H"),
        "local name length": (local + 26, "<H"),
        "local extra length": (local + 28, "<H"),
        "local flags": (local + 6, "<H"),
        "count": (end + 10, "<H"),
        "list size": (end + 12, "<I"),
        "list offset": (end + 16, "<I"),
        "comment length": (end + 20, "<H"),
        "disk": (end + 4, "<H"),
    }
    for what, (place, form) in fields.items():
        most = (1 << 8 * struct.calcsize(form)) - 1
        for value in (0, 1, most // 2 + 1, most):
            bad = bytearray(whole)
            struct.pack_into(form, bad, place, value)
            yield file_case(f"zip {what} {value}", "data", "a.zip", bytes(bad), "any")
    entry = struct.pack("<4s6H3L5H2L", b"PK\1\2", 20, 20, 0, 0, 0, 0, 0, 0, 0, 1, *[0] * 6) + b"a"
    length = 1_500_000 * len(entry)
    close = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 0xFFFF, 0xFFFF, length, 0, 0)
    yield file_case(
        "zip of 1.5 million names", "data", "a.zip", lambda: entry * 1_500_000 + close, "refused"
    )
    overlap = entry * 1000 + struct.pack(
        "<4s4H2LH", b"PK\5\6", 0, 0, 1000, 1000, 1000 * len(entry), 0, 0
    )
    yield file_case("zip of one member a thousand times", "data", "a.zip", overlap, "refused")
    yield file_case("zip in front of a picture", "data", "a.zip", bytes(whole) + good, "any")
    yield file_case("zip behind a picture", "data", "a.zip", good + bytes(whole), "any")


def _tars() -> Iterator[Case]:
    good = seeds.picture()
    kinds = {
        "symbolic link": tarfile.SYMTYPE,
        "hard link": tarfile.LNKTYPE,
        "device": tarfile.CHRTYPE,
        "block device": tarfile.BLKTYPE,
        "pipe": tarfile.FIFOTYPE,
        "unknown type": b"Z",
    }
    for what, kind in kinds.items():
        bad = _tar_of({"a.png": b""}, type=kind, linkname="/etc/passwd")
        yield file_case(f"tar {what}", "data", "a.tar", bad, "any" if kind == b"Z" else "refused")
    for suffix, mode in (("gz", "w:gz"), ("bz2", "w:bz2"), ("xz", "w:xz")):
        bomb = partial(_bomb, mode)
        yield file_case(f"tar.{suffix} bomb", "data", f"a.tar.{suffix}", bomb, "refused")
        yield file_case(
            f"tar.{suffix} of rubbish", "data", f"a.tar.{suffix}", b"rubbish" * 99, "refused"
        )
    yield file_case("tar of nothing", "data", "a.tar", _tar_of({}), "refused")
    yield file_case("tar of zeros", "data", "a.tar", bytes(10240), "refused")
    yield file_case(
        "tar in a tar", "data", "a.tar", _tar_of({"b.tar": _tar_of({"a": good})}), "refused"
    )
    whole = _tar_of({"a.png": good, "b.png": good})
    sizes = {
        "negative": b"\xff" * 11 + b"\x00",
        "minus one block": b"\xff" * 10 + b"\xfe\x00",
        "huge": b"\x80" + b"\xff" * 11,
        "9 GB": b"77777777777\0",
        "no number": b"zzzzzzzzzzz\0",
        "blank": b" " * 12,
    }
    for what, size in sizes.items():
        for number in (0, 1):
            start = number * (512 + -(-len(good) // 512) * 512)
            bad = _with_sum(whole, start, 124, size)
            expect = "any" if what == "blank" else "refused"
            yield file_case(f"tar size {what} of {number}", "data", "a.tar", bad, expect)  # type: ignore[arg-type]
    for kind in (b"x", b"g", b"L", b"K"):
        name = {b"x": "attributes", b"g": "global attributes", b"L": "name", b"K": "link"}[kind]
        yield file_case(
            f"tar {name} of 600 MB", "data", "a.tar.gz", partial(_giant, kind, whole), "refused"
        )
        yield file_case(
            f"tar {name} of less than nothing",
            "data",
            "a.tar",
            _with_sum(_header(kind, 0), 0, 124, sizes["negative"]) + whole,
            "any",
        )
        chain = _header(kind, 512) + b"9 a=bcde\n".ljust(512, b"\0")
        yield file_case(
            f"tar {name} a thousand times", "data", "a.tar", chain * 3000 + whole, "any"
        )
    digits = _header(b"x", 15 << 10) + b"1" * (15 << 10)
    yield file_case("tar attributes of digits", "data", "a.tar", digits * 200 + whole, "refused")
    for what, body in {
        "size": b"19 size=99999999999\n",
        "negative size": b"14 size=-1024\n",
        "no number": b"12 size=abc\n",
        "sparse": b"22 GNU.sparse.major=1\n22 GNU.sparse.minor=0\n",
        "sparse map": b"30 GNU.sparse.map=0,1,5,9,a,bc\n26 GNU.sparse.size=999999\n",
        "wrong length": b"99 path=a\n",
        "length of nothing": b"0 path=a\n",
        "bad letters": b"12 path=\xff\xfe\n",
        "path up": b"21 path=../../../b.png\n",
        "hdrcharset": b"21 hdrcharset=BINARY\n",
        "time": b"15 mtime=1e999\n",
    }.items():
        bad = _header(b"x", len(body)) + body.ljust(512, b"\0") + whole
        yield file_case(f"tar attribute {what}", "data", "a.tar", bad, "any")
    sparse = _with_sum(_header(b"S", 0), 0, 483, b"77777777777\0")
    yield file_case("tar sparse file of 8 GB", "data", "a.tar", sparse + bytes(1024), "refused")
    deep = gzip.compress(gzip.compress(gzip.compress(bytes(5 << 20))))
    yield file_case("tar.gz of gz of gz", "data", "a.tar.gz", deep, "refused")
    filters = [{"id": lzma.FILTER_LZMA2, "dict_size": 1 << 30}]
    wide = lzma.compress(whole, lzma.FORMAT_XZ, filters=filters)
    yield file_case("tar.xz that asks for 1 GB", "data", "a.tar.xz", wide, "refused")


def _giant(kind: bytes, whole: bytes) -> bytes:
    """Return a gzipped tar archive with an extension header of 600 MB before ``whole``."""
    return gzip.compress(_header(kind, 600 << 20) + bytes(600 << 20) + whole, 1)


def _bomb(mode: str) -> bytes:
    return _tar_of({"a.png": bytes(300 << 20)}, mode)


def _header(kind: bytes, size: int) -> bytes:
    info = tarfile.TarInfo("x")
    info.type, info.size = kind, size
    return info.tobuf(tarfile.GNU_FORMAT)[:512]


def _with_sum(tar: bytes, start: int, place: int, field: bytes) -> bytes:
    """Return a tar archive with a field of the header at ``start`` set, and a valid checksum."""
    header = bytearray(tar[start : start + 512])
    header[place : place + len(field)] = field
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header)
    return tar[:start] + bytes(header) + tar[start + 512 :]
