"""Malformed recipes in picture and video files, malformed galleries, and malformed settings."""

from __future__ import annotations

import json
import os
import struct
from collections.abc import Iterator
from pathlib import Path

from tests.hostile import seeds
from tests.hostile.bad_models import WRONG
from tests.hostile.bad_pictures import png
from tests.hostile.cases import Case, cuts, damaged, file_case


def cases() -> Iterator[Case]:
    """Yield all malformed recipes, galleries and settings."""
    yield from _recipes()
    yield from _galleries()
    yield from _settings()


def _recipes() -> Iterator[Case]:
    recipe = seeds.recipe_of(Path("/nowhere"))
    request = recipe["request"]
    assert isinstance(request, dict)
    for field in ("run", "count", "steps", "seed", "sampler", "weights", "device", "eta"):
        for what, value in WRONG.items():
            text = json.dumps({**recipe, "request": {**request, field: value}})
            yield file_case(
                f"recipe {field} {what}", "recipe", "a.png", seeds.recipe_png(text), "refused"
            )
    texts = {
        "of nested lists": '{"kind": "sample", "request": ' + "[" * 100_000,
        "of no request": '{"kind": "sample"}',
        "of a list for a request": '{"kind": "sample", "request": [1]}',
        "of an unknown field": json.dumps({**recipe, "request": {**request, "shell": "ls"}}),
    }
    for what, text in texts.items():
        expect = "harmless" if what == "of nested lists" else "refused"
        yield file_case(f"recipe {what}", "recipe", "a.png", seeds.recipe_png(text), expect)  # type: ignore[arg-type]
    harmless = {
        "of another kind": '{"kind": "else"}',
        "of NaN": '{"kind": "sample", "request": NaN}',
        "of two kinds": '{"kind": "sample", "kind": "sample"}',
        "of digits": "9" * 100_000,
        "of a list": "[1]",
        "of nothing": "",
    }
    for what, text in harmless.items():
        yield file_case(f"recipe {what}", "recipe", "a.png", seeds.recipe_png(text), "harmless")
    head = struct.pack(">IIBBBBB", 16, 16, 8, 2, 0, 0, 0)
    key = b"ddpm-studio\0"
    chunks = {
        "of 64 MB": png((b"IHDR", head), (b"tEXt", key + b" " * (64 << 20))),
        "behind a thousand chunks": png(
            (b"IHDR", head), *[(b"tEXt", b"k\0v")] * 1000, (b"tEXt", key)
        ),
        "of a length of 4 GB": b"\x89PNG\r\n\x1a\n" + struct.pack(">I4s", 2**32 - 1, b"tEXt") + key,
        "with a wrong sum": png((b"IHDR", head), (b"tEXt", key + b"{}"))[:-1] + b"\0",
    }
    for what, content in chunks.items():
        yield file_case(f"recipe {what}", "recipe", "a.png", content, "harmless")
    yield from _moving(recipe)
    for place in ("\\\\server\\share\\run", "//server/share/run", "/dev/stdin", "a\0b", "x" * 9000):
        text = json.dumps({**recipe, "request": {**request, "run": place}})
        name = f"recipe of the run {place[:12]!r}"
        yield file_case(name, "recipe", "a.png", seeds.recipe_png(text), "refused")

    def pipe(folder: Path) -> Path:
        os.mkfifo(folder / "a.png")
        return folder / "a.png"

    yield Case("recipe in a pipe", "recipe", pipe)
    whole = seeds.recipe_png(json.dumps(recipe))
    for number, bad in damaged(whole[:400], 8, 4):
        yield file_case(f"recipe damaged {number}", "recipe", "a.png", bad, "any")


def _moving(recipe: dict[str, object]) -> Iterator[Case]:
    """Yield malformed recipes in GIF, WebP and MP4 files, which the same reader parses."""
    asked = json.dumps({**recipe, "request": {"run": "/nowhere", "steps": -3}})
    whole = {
        "a.gif": seeds.recipe_gif(asked),
        "a.webp": seeds.recipe_webp(asked),
        "a.mp4": seeds.recipe_mp4(asked.encode()),
    }
    for file, content in whole.items():
        yield file_case(f"recipe of steps below 0 in {file}", "recipe", file, content, "refused")
        for place, cut in cuts(content, 6):
            yield file_case(f"recipe in {file} cut at {place}", "recipe", file, cut, "any")
        for number, bad in damaged(content, 6, 4):
            yield file_case(f"recipe in {file} damaged {number}", "recipe", file, bad, "any")
    screen = seeds.picture("GIF")[:13]
    gif_head = screen[:10] + b"\0" + screen[11:]
    pieces = b"".join(b"\xff" + b" " * 255 for _ in range(40_000))
    riff = b"RIFF\xff\xff\xff\xffWEBP"
    file_type = seeds.box(b"ftyp", b"isom")
    deep = seeds.recipe_mp4(b"{}")
    harmless = {
        "a.gif of 10 MB in pieces": gif_head + b"!\xfe" + pieces,
        "a.gif of a million pieces of one byte": gif_head + b"!\xfe" + b"\1 " * 1_000_000,
        "a.gif behind a million extensions": gif_head + b"!\xff\0" * 1_000_000,
        "a.webp behind a million chunks": riff + b"ABCD\0\0\0\0" * 1_000_000,
        "a.webp that claims 4 GB": riff + b"XMP \xff\xff\xff\xff<ddpm:recipe>{}",
        "a.webp that skips 4 GB": riff + b"ANMF\xff\xff\xff\xff",
        "a.mp4 of boxes of nothing": file_type + b"\0\0\0\x08free" * 1_000_000,
        "a.mp4 of a box smaller than its head": file_type + b"\0\0\0\2moov" * 9,
        "a.mp4 of 16 EB": file_type + b"\0\0\0\1moov" + b"\xff" * 8,
        "a.mp4 whose list ends behind its end": deep.replace(b"\0ilst", b"\x7filst"),
    }
    for what, content in harmless.items():
        file = what.split()[0]
        yield file_case(f"recipe in {what}", "recipe", file, content, "harmless")


def _galleries() -> Iterator[Case]:
    whole = seeds.recipe_png("{}")
    files = {
        **{f"cut at {place}": cut for place, cut in cuts(whole, 4)},
        **{f"damaged {number}": bad for number, bad in damaged(whole, 6, 6)},
        "of svg": b"<svg/>",
        "of gif": seeds.picture("GIF"),
        "of recipes that are lists": seeds.recipe_png("[1]"),
    }
    for what, content in files.items():

        def make(folder: Path, content: bytes = content) -> Path:
            kept = folder / "samples" / "gallery"
            kept.mkdir(parents=True)
            (kept / "000001.png").write_bytes(content)
            (kept / ("9" * 200 + ".png")).write_bytes(content)
            (kept / "٣.png").write_bytes(content)
            return folder

        yield Case(f"gallery {what}", "gallery", make, "harmless")


def _settings() -> Iterator[Case]:
    program = (
        b'[recent]\ndata="@Variant(\\0\\0\\0\\x7f\\0\\0\\0\\x18PySide::PyObjectWrapper\\0\\0\\0\\0'
        b";\\x80\\x4\\x95\\x30\\0\\0\\0\\0\\0\\0\\0\\x8c\\x5posix\\x94\\x8c\\x6system\\x94\\x93"
        b'\\x94\\x8c\\x15touch /tmp/pwned_test\\x94\\x85\\x94R\\x94.)"\n'
    )
    files = {
        "nothing": b"",
        "rubbish": bytes(range(256)) * 40,
        "a program": program,
        "a program in disguise": program.replace(b"@Variant", b"\\x40V\\x61riant"),
        "a program over two lines": program.replace(b"@Variant", b"@Var\\\niant"),
        "a program by octals": program.replace(b"@Variant", b"\\100Variant"),
        "a date": b'[window]\nstate="@DateTime(\\0\\0\\0\\x10\\0\\0)"\n',
        "8 MB": b"[a]\n" + b"b=" + b"x" * (8 << 20) + b"\n",
        "a hundred thousand keys": b"".join(b"k%d=1\n" % k for k in range(100_000)),
        "a layout of rubbish": b"[window]\ngeometry=@ByteArray(zzzz)\nstate=@ByteArray(\\xff)\n",
        "a rectangle of nothing": b"[window]\ngeometry=@Rect()\nstate=@Size(a b)\n",
        "recent numbers": b"[recent]\nruns=1, 2, 3\ndata=@Invalid()\n",
        "nested JSON": b"[settings]\nthreads=" + b"[" * 100_000 + b"\n",
        "digits": b"[settings]\nthreads=" + b"9" * 100_000 + b"\n",
        "recent NUL": b'[recent]\nruns="a\\0b"\n',
        "brackets": b"[" * 10_000,
    }
    for what, content in files.items():
        yield file_case(f"settings of {what}", "settings", "settings.ini", content, "harmless")
    for place, cut in cuts(seeds.SETTINGS, 4):
        yield file_case(f"settings cut at {place}", "settings", "settings.ini", cut, "harmless")
    for number, bad in damaged(seeds.SETTINGS, 10, 8):
        yield file_case(f"settings damaged {number}", "settings", "settings.ini", bad, "harmless")
