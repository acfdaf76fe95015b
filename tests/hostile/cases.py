"""Test cases of malformed input: name, reader, how to make the files, and expected outcome."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

Expect = Literal["refused", "left out", "harmless", "any"]
"""Expected outcome. refused: one line of error. left out: the rest is read, and a line names
what was left out. harmless: it is read as if nothing were wrong. any: one of these."""


@dataclass(frozen=True)
class Case:
    """A malformed input and its expected outcome.

    Args:
        name: says what is wrong, after the kind of file.
        reader: one of ``readers.Readers``.
        make: writes the files in an empty folder and returns the path to read.
        expect: the expected outcome.
    """

    name: str
    reader: str
    make: Callable[[Path], Path]
    expect: Expect = "refused"


def file_case(
    name: str, reader: str, file: str, content: bytes | Callable[[], bytes], expect: Expect
) -> Case:
    """Return the case of a single file."""

    def make(folder: Path) -> Path:
        path = folder / file
        path.write_bytes(content if isinstance(content, bytes) else content())
        return path

    return Case(name, reader, make, expect)


def cuts(content: bytes, count: int) -> Iterator[tuple[int, bytes]]:
    """Yield truncations of a file with their lengths, denser near its beginning."""
    places = {0, 1, 2, 4, 8, 12, 16, 24} | {len(content) * k // count for k in range(1, count)}
    for place in sorted(place for place in places if place < len(content)):
        yield place, content[:place]


def damaged(content: bytes, count: int, seed: int = 0) -> Iterator[tuple[int, bytes]]:
    """Yield numbered copies with some bytes changed, in the first 64 or anywhere, reproducibly."""
    import random

    for number in range(count):
        chance = random.Random(f"{seed} {number} {len(content)}")
        data = bytearray(content)
        reach = len(data) if number % 2 else min(64, len(data))
        for _ in range(1 + number % 5):
            data[chance.randrange(reach)] = chance.choice(
                (0, 1, 0x7F, 0x80, 0xFF, chance.randrange(256))
            )
        yield number, bytes(data)
