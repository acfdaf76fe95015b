"""Decode pass over some pictures: read, check and hash each, and resize it if a recipe is known.

The program and its decoding processes, which import no more than this, share this code.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Literal, NamedTuple

from ddpm_studio.data.decoding.decoding import (
    Header,
    OpenedPicture,
    array_header,
)
from ddpm_studio.data.decoding.mode_conversion import from_array
from ddpm_studio.data.decoding.resizing import Recipe, fit
from ddpm_studio.data.decoding.signatures import HEAD_BYTES, PICTURE_SUFFIXES, identify
from ddpm_studio.data.decoding.unsupported import (
    RAW_SUFFIXES,
    foreign,
    foreign_suffix,
    packed,
    shardless,
)
from ddpm_studio.data.decoding.verdicts import Large, Unusable
from ddpm_studio.data.items import MAX_FILE_BYTES, Item, Pixels
from ddpm_studio.data.values import BRIGHT, Values
from ddpm_studio.errors import plain
from ddpm_studio.placeholders import ANNEX, ERROR, LFS, PAGE, stand_in

_LONGEST_SUFFIX = 20
_FOREIGN_BYTES = 512
#: Length in bytes of the hash of a prepared picture.
RESULT_BYTES = 16


class Framed(NamedTuple):
    """The bytes of a file and the index of one of its frames, from 0."""

    data: bytes
    frame: int


Raw = bytes | Framed | Pixels


class NotAPicture(Exception):  # noqa: N818 - a verdict on a file, not a fault of the program
    """Raised for a file that does not claim to be a picture; the message is the kind of file."""


class Outcome(NamedTuple):
    """Outcome of the decode pass for one picture.

    Attributes:
        kind: "made"; "seen", its header is valid but it was not prepared; "left out", it can't be
            read or its header is invalid; "other", it is no picture; "large", it was not decoded
            because that takes much memory.
        why: the reason for the report, or the kind of file; may be empty for "seen".
        width, height, gray, alpha, bands: the fields of its header.
        digest: hex hash of its content.
        result: hex hash of the prepared picture.
        frames: number of frames or pages in its file.
        dtype, low, high: dtype, minimum and maximum of its values; the dtype is empty where they
            were not measured.
        inks: the colour mode, such as CMYK, where it is converted to RGB.
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
    frames: int = 1
    dtype: str = ""
    low: float = 0.0
    high: float = 0.0
    inks: str = ""

    @property
    def header(self) -> Header:
        """The header of the picture."""
        size = (self.width, self.height)
        return Header(size, self.gray, self.alpha, self.bands, self.frames, self.inks)

    @property
    def values(self) -> Values | None:
        """Minimum and maximum of its values; None where they were not measured."""
        return Values(self.dtype, self.low, self.high) if self.dtype else None


class Look(NamedTuple):
    """Outcomes of some pictures; ``coloured`` is whether the channels of any of them differ."""

    outcomes: list[Outcome]
    coloured: bool


class Target(NamedTuple):
    """Recipe and output file of the prepared pictures; picture n is row n of the file.

    The rows begin after ``offset`` bytes; a picture that could not be prepared is a row of zeros.
    """

    recipe: Recipe
    path: Path
    offset: int


def read_file(suffix: str, size: int, read: Callable[[int], bytes]) -> bytes:
    """Return the whole content of a file that may be a picture.

    Args:
        suffix: the extension of its name, in lower case.
        size: its size in bytes.
        read: returns its first bytes, as many as the argument says; all for −1.

    Raises:
        NotAPicture: the file does not claim to be a picture.
        Unusable: the file can't be read or is too large.
    """
    try:
        if suffix not in PICTURE_SUFFIXES:
            head, suffix = read(_FOREIGN_BYTES), shardless(suffix)
            found = identify(head[:HEAD_BYTES])
            if found is None or (found == "TIFF" and suffix in RAW_SUFFIXES):
                kind = plain(suffix, _LONGEST_SUFFIX) or "without an ending"
                # For a known suffix, the report itself names the file type.
                known = foreign_suffix(suffix)
                what = packed(head) if known else foreign(head)
                instead = stand_in(head, size)
                if instead in (LFS, ANNEX) or (instead in (PAGE, ERROR) and known):
                    what = instead.reason
                raise NotAPicture(f"{kind}: {what}" if what else kind)
        if size > MAX_FILE_BYTES:
            raise Unusable(f"too large: {size / 2**30:.1f} GB")
        return read(-1)
    except OSError as error:
        raise Unusable(f"unreadable: {error.strerror or error}") from error


def read_item(item: Item) -> Raw:
    """Return the bytes of an item's file, or its pixels if it is a row of an array.

    Raises:
        NotAPicture: the file does not claim to be a picture.
        Unusable: the file can't be read.
    """
    if item.pixels is not None:
        return item.pixels()
    file = item.file
    assert file is not None
    data = read_file(file.suffix, file.size, file.read)
    return Framed(data, item.frame) if item.frame else data


def header_of(raw: Raw) -> Header:
    """Return the header of a picture file or an array.

    Raises:
        Unusable: the file is damaged, of no known kind or has too many pixels.
    """
    if isinstance(raw, bytes | Framed):
        with opened(raw) as picture:
            return picture.header()
    return array_header(raw)


def values_of(raw: Raw) -> Values | None:
    """Decode a picture file and return the minimum and maximum of its values; None for an array.

    Raises:
        Unusable: the file is damaged or its values have no known meaning.
    """
    if not isinstance(raw, bytes | Framed):
        return None
    with opened(raw) as picture:
        picture.decode(None, None, measure=True)
        return picture.values


def opened(raw: bytes | Framed) -> OpenedPicture:
    """Open a picture file and read its header.

    Raises:
        Unusable: the file is damaged, of no known kind or has too many pixels.
    """
    return OpenedPicture(*raw) if isinstance(raw, Framed) else OpenedPicture(raw)


def look(
    readers: Iterable[Callable[[], Raw]], first: int, target: Target | None, *, large: bool = True
) -> Look:
    """Run the decode pass over pictures, and write their rows to the target if there is one.

    Args:
        readers: each returns a file or an array, or raises NotAPicture or Unusable.
        first: index of the first of these pictures in the set.
        target: recipe and output file; None to read headers and hash contents only.
        large: whether to decode pictures that take much memory too.
    """
    outcomes: list[Outcome] = []
    rows: list[bytes] = []
    coloured = False
    recipe = target.recipe if target else None
    blank = bytes(recipe.row_bytes) if recipe else b""
    measure = True
    for read in readers:
        outcome, row = _look_at(read, recipe, large, measure)
        measure = measure and not (outcome.dtype == "uint8" and outcome.high >= BRIGHT)
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
    read: Callable[[], Raw], recipe: Recipe | None, large: bool, measure: bool
) -> tuple[Outcome, bytes | None]:
    try:
        raw = read()
        if not isinstance(raw, bytes | Framed):
            return _look_at_array(raw, recipe)
        picture = opened(raw)
    except NotAPicture as verdict:
        return Outcome("other", str(verdict)), None
    except Unusable as verdict:
        return Outcome("left out", str(verdict)), None
    with picture:
        header = picture.header()
        told = Outcome("seen", "", *_told(header, _digest(raw)), inks=header.inks)
        if recipe is None:
            return told, None
        try:
            decoded = picture.decode(
                recipe.behind,
                recipe.draft_scale,
                large=large,
                ranges=recipe.levels,
                measure=measure,
            )
            row = fit(decoded, recipe)
        except Large:
            return told._replace(kind="large"), None
        except Unusable as verdict:
            return told._replace(why=str(verdict)), None
    return _made(told, row, picture.values), row


def _look_at_array(raw: Pixels, recipe: Recipe | None) -> tuple[Outcome, bytes | None]:
    digest = hashlib.blake2b(raw.data, digest_size=20).hexdigest()
    told = Outcome("seen", "", *_told(array_header(raw), digest))
    if recipe is None:
        return told, None
    try:
        row = fit(from_array(raw, recipe.behind), recipe)
    except Unusable as verdict:
        return told._replace(why=str(verdict)), None
    return _made(told, row, None), row


def _made(told: Outcome, row: bytes, values: Values | None) -> Outcome:
    numbers = {} if values is None else values.__dict__
    return told._replace(kind="made", result=_row_hash(row), **numbers)


def _digest(raw: bytes | Framed) -> str:
    data, frame = raw if isinstance(raw, Framed) else (raw, 0)
    digest = hashlib.blake2b(data, digest_size=20)
    if frame:
        digest.update(b"%d" % frame)
    return digest.hexdigest()


def _told(header: Header, digest: str) -> tuple[int, int, bool, bool, int, str, str, int]:
    """Return the fields of an :class:`Outcome` from ``width`` to ``frames``, with no result yet."""
    told = (*header.size, header.gray, header.alpha, header.bands, digest)
    return (*told, "", header.frames)


def _row_hash(row: bytes) -> str:
    return hashlib.blake2b(row, digest_size=RESULT_BYTES).hexdigest()
