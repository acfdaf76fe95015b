"""One pass over some pictures: read, checked, hashed and, where it is known how, made to fit.

It is the same pass in the program and in its decoding processes, which import no more than this.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Literal, NamedTuple

from ddpm_studio.data.decoding.decoding import (
    HEAD_BYTES,
    PICTURE_SUFFIXES,
    Header,
    Large,
    Opened,
    Unusable,
    array_header,
    from_array,
    identify,
    read_header,
)
from ddpm_studio.data.decoding.resizing import Recipe, fit
from ddpm_studio.data.items import MAX_FILE_BYTES, Item, Pixels
from ddpm_studio.errors import plain

_LONGEST_SUFFIX = 20

Raw = bytes | Pixels


class NotAPicture(Exception):  # noqa: N818 - a verdict on a file, not a fault of the program
    """A file that does not even claim to be a picture; its text is the kind of file."""


class Outcome(NamedTuple):
    """What became of one picture.

    Attributes:
        kind: "made"; "seen", its header is good but it was not made; "left out", its header
            is bad; "other", it is no picture; "large", to make it takes much memory.
        why: the reason for the report, or the kind of file; for "seen" there may be none.
        width, height, gray, alpha, bands: what its header says.
        digest: hex hash of its content.
        result: hex hash of what was made of it.
    """

    kind: Literal["made", "seen", "left out", "other", "large"]
    why: str = ""
    width: int = 0
    height: int = 0
    gray: bool = False
    alpha: bool = False
    bands: int = 0
    digest: str = ""
    result: str = ""


class Look(NamedTuple):
    """What became of some pictures; ``coloured``: the channels of one are not all equal."""

    outcomes: list[Outcome]
    coloured: bool


class Target(NamedTuple):
    """Where what is made goes: the picture number ``first`` begins the file's row ``first``.

    ``offset`` bytes come before the rows; a row of zeros stands where none could be made.
    """

    recipe: Recipe
    path: Path
    offset: int


def read_file(suffix: str, size: int, read: Callable[[int], bytes]) -> bytes:
    """Return the whole content of what may be a picture.

    Raises:
        NotAPicture: the file does not claim to be a picture.
        Unusable: it can't be read.
    """
    try:
        if suffix not in PICTURE_SUFFIXES and identify(read(HEAD_BYTES)) is None:
            raise NotAPicture(plain(suffix, _LONGEST_SUFFIX) or "without an ending")
        if size > MAX_FILE_BYTES:
            raise Unusable(f"too large: {size / 2**30:.1f} GB")
        return read(-1)
    except OSError as error:
        raise Unusable(f"unreadable: {error.strerror or error}") from error


def read_item(item: Item) -> Raw:
    """Return the file's bytes or the array's picture.

    Raises:
        NotAPicture: the file does not claim to be a picture.
        Unusable: it can't be read.
    """
    if item.pixels is not None:
        return item.pixels()
    file = item.file
    assert file is not None
    return read_file(file.suffix, file.size, file.read)


def header_of(raw: Raw) -> Header:
    """Return the header of a file or an array.

    Raises:
        Unusable: it is damaged, of no known kind or has too many pixels.
    """
    return read_header(raw) if isinstance(raw, bytes) else array_header(raw)


def look(
    readers: Iterable[Callable[[], Raw]], first: int, target: Target | None, *, large: bool = True
) -> Look:
    """Look at pictures and write what is made of them.

    Args:
        readers: each returns a file or an array, or raises NotAPicture or Unusable.
        first: the number of the first of them.
        target: where that goes; None: nothing is to be made yet.
        large: whether to decode also what takes much memory.
    """
    outcomes: list[Outcome] = []
    rows: list[bytes] = []
    coloured = False
    recipe = target.recipe if target else None
    blank = bytes(recipe.row_bytes) if recipe else b""
    for read in readers:
        outcome, row = _look_at(read, recipe, large)
        outcomes.append(outcome)
        rows.append(row or blank)
        if row and recipe and recipe.channels == 3 and not coloured:
            coloured = not row[0::3] == row[1::3] == row[2::3]
    if target is not None:
        with target.path.open("r+b") as stream:
            stream.seek(target.offset + first * len(blank))
            stream.write(b"".join(rows))
    return Look(outcomes, coloured)


def _look_at(
    read: Callable[[], Raw], recipe: Recipe | None, large: bool
) -> tuple[Outcome, bytes | None]:
    try:
        raw = read()
        if not isinstance(raw, bytes):
            return _look_at_array(raw, recipe)
        opened = Opened(raw)
    except NotAPicture as verdict:
        return Outcome("other", str(verdict)), None
    except Unusable as verdict:
        return Outcome("left out", str(verdict)), None
    with opened:
        told = _told(opened.header(), hashlib.blake2b(raw, digest_size=20))
        if recipe is None:
            return Outcome("seen", "", *told), None
        try:
            row = fit(opened.decode(recipe.behind, recipe.draft_scale, large=large), recipe)
        except Large:
            return Outcome("large", "", *told), None
        except Unusable as verdict:
            return Outcome("seen", str(verdict), *told), None
    return Outcome("made", "", *told, _row_hash(row)), row


def _look_at_array(raw: Pixels, recipe: Recipe | None) -> tuple[Outcome, bytes | None]:
    told = _told(array_header(raw), hashlib.blake2b(raw.data, digest_size=20))
    if recipe is None:
        return Outcome("seen", "", *told), None
    try:
        row = fit(from_array(raw, recipe.behind), recipe)
    except Unusable as verdict:
        return Outcome("seen", str(verdict), *told), None
    return Outcome("made", "", *told, _row_hash(row)), row


def _told(header: Header, digest: hashlib.blake2b) -> tuple[int, int, bool, bool, int, str]:
    return (*header.size, header.gray, header.alpha, header.bands, digest.hexdigest())


def _row_hash(row: bytes) -> str:
    return hashlib.blake2b(row, digest_size=16).hexdigest()
