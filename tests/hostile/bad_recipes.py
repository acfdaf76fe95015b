"""Texts in PNG files that are taken for requests, galleries, and settings."""

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
    """Yield them all."""
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
