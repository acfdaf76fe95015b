"""Mutations of valid files for fuzzing."""

from __future__ import annotations

import random
import struct
import zlib
from collections.abc import Callable, Sequence

_WHOLE = (
    0,
    1,
    2,
    0x7F,
    0x80,
    0xFF,
    0x100,
    0x7FFF,
    0x8000,
    0xFFFF,
    2**31 - 1,
    2**31,
    2**32 - 1,
    2**63,
)
_WORDS = (
    *(
        b"null",
        b"true",
        b"-1",
        b"0",
        b"1e999",
        b"99999999999999999999",
        b'""',
        b"[]",
        b"{}",
        b"NaN",
    ),
    *(
        b"[[[[",
        b'"\\ud800"',
        b"\0",
        b"../",
        b"'",
        b'"',
        b"-",
        b"(",
        b"1.5",
        b"\x1b[2J",
        b"9" * 5000,
    ),
)


def mutated(seeds: Sequence[bytes], chance: random.Random) -> bytes:
    """Return a random one of the files with 1, 2, 4 or 8 random mutations."""
    data = bytearray(chance.choice(seeds))
    # Mostly few changes: a file that is wrong in many places is refused at the first.
    for _ in range(1 << chance.randrange(4)):
        chance.choice(_CHANGES)(data, chance, seeds)
    if data.startswith(b"\x89PNG") and chance.random() < 0.7:
        _mend_png(data)
    return bytes(data)


def _place(data: bytearray, chance: random.Random) -> int:
    # Headers and trailers matter more than what is between them.
    reach = len(data) + 1
    match chance.randrange(4):
        case 0:
            return chance.randrange(min(64, reach))
        case 1:
            return max(0, len(data) - chance.randrange(min(64, reach)))
        case _:
            return chance.randrange(reach)


def _flip(data: bytearray, chance: random.Random, seeds: Sequence[bytes]) -> None:
    if data:
        place = min(_place(data, chance), len(data) - 1)
        data[place] ^= 1 << chance.randrange(8)


def _number(data: bytearray, chance: random.Random, seeds: Sequence[bytes]) -> None:
    size = chance.choice((1, 2, 4, 8))
    value = chance.choice(_WHOLE) + chance.randrange(-1, 2)
    order = chance.choice(("little", "big"))
    place = _place(data, chance)
    data[place : place + size] = (value % (1 << 8 * size)).to_bytes(size, order)  # type: ignore[arg-type]


def _word(data: bytearray, chance: random.Random, seeds: Sequence[bytes]) -> None:
    word = chance.choice(_WORDS)
    place = _place(data, chance)
    data[place : place + chance.choice((0, len(word)))] = word


def _cut(data: bytearray, chance: random.Random, seeds: Sequence[bytes]) -> None:
    place = _place(data, chance)
    del data[place : place + chance.choice((1, 2, 4, 16, 256, len(data)))]


def _repeat(data: bytearray, chance: random.Random, seeds: Sequence[bytes]) -> None:
    place = _place(data, chance)
    piece = data[place : place + chance.choice((1, 2, 4, 16, 64, 512))]
    if len(data) < 1 << 20:
        data[place:place] = piece * chance.choice((1, 2, 8, 100))


def _splice(data: bytearray, chance: random.Random, seeds: Sequence[bytes]) -> None:
    other = chance.choice(seeds)
    begin = chance.randrange(len(other) + 1)
    place = _place(data, chance)
    length = chance.choice((4, 16, 64, 512, len(other)))
    data[place : place + length] = other[begin : begin + length]


def _mend_png(data: bytearray) -> None:
    """Recompute the checksums of a PNG's chunks in place, so that their contents are parsed."""
    place = 8
    while place + 12 <= len(data):
        (length,) = struct.unpack_from(">I", data, place)
        end = place + 8 + length
        if end + 4 > len(data):
            return
        struct.pack_into(">I", data, end, zlib.crc32(data[place + 4 : end]))
        place = end + 4


_CHANGES: tuple[Callable[[bytearray, random.Random, Sequence[bytes]], None], ...] = (
    *(_flip, _flip, _number, _number, _word, _cut, _repeat, _splice),
)
