"""Decode pass over some pictures: read, check and hash each, and resize it if a recipe is known.

The program and its decoding processes, which import no more than this, share this code.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Literal, NamedTuple

from ddpm_studio.data.decoding.bit_depth import Ranges
from ddpm_studio.data.decoding.decoding import Header, OpenedPicture, array_header
from ddpm_studio.data.decoding.mode_conversion import from_array
from ddpm_studio.data.decoding.resizing import Recipe, fit
from ddpm_studio.data.decoding.signatures import HEAD_BYTES, PICTURE_SUFFIXES, identify
from ddpm_studio.data.decoding.unsupported import (
    RAW_SUFFIXES,
    unsupported_gzip,
    unsupported_suffix,
    unsupported_type,
    without_shard_number,
)
from ddpm_studio.data.decoding.verdicts import LargePicture, UnusablePicture
from ddpm_studio.data.items import MAX_FILE_BYTES, Item, Pixels
from ddpm_studio.data.values import BRIGHT, Values
from ddpm_studio.errors import printable
from ddpm_studio.placeholders import GIT_ANNEX, GIT_LFS, SERVER_ERROR, WEB_PAGE, detect_placeholder

_MAX_SUFFIX_LENGTH = 20
_SIGNATURE_BYTES = 512
#: Length in bytes of the hash of a prepared picture.
RESULT_BYTES = 16


class FileFrame(NamedTuple):
    """The bytes of a file and the index of one of its frames, from 0."""

    data: bytes
    frame: int


Raw = bytes | FileFrame | Pixels


class NotAPicture(Exception):  # noqa: N818 - a verdict on a file, not a fault of the program
    """Raised for a file that does not claim to be a picture; the message is the kind of file."""


class Outcome(NamedTuple):
    """Outcome of the decode pass for one picture.

    Attributes:
        kind: "made"; "seen", its header is valid but it was not prepared; "left out", it can't be
            read or its header is invalid; "other", it is no picture; "large", it was not decoded
            because that takes much memory.
        reason: the reason for the report, or the kind of file; may be empty for "seen".
        width, height, gray, alpha, bands: the fields of its header.
        digest: hex hash of its content.
        result: hex hash of the prepared picture.
        frames: number of frames or pages in its file.
        dtype, low, high: dtype, minimum and maximum of its values; the dtype is empty where they
            were not measured.
        inks: the colour mode, such as CMYK, where it is converted to RGB.
        white_is_zero: the field of its header.
    """

    kind: Literal["made", "seen", "left out", "other", "large"]
    reason: str = ""
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
    white_is_zero: str = ""

    @property
    def header(self) -> Header:
        """The header of the picture."""
        return Header(
            (self.width, self.height),
            self.gray,
            self.alpha,
            self.bands,
            self.frames,
            self.inks,
            self.white_is_zero,
        )

    @property
    def values(self) -> Values | None:
        """Minimum and maximum of its values; None where they were not measured."""
        return Values(self.dtype, self.low, self.high) if self.dtype else None


class BatchResult(NamedTuple):
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
        UnusablePicture: the file can't be read or is too large.
    """
    try:
        if suffix not in PICTURE_SUFFIXES:
            head, suffix = read(_SIGNATURE_BYTES), without_shard_number(suffix)
            format_name = identify(head[:HEAD_BYTES])
            if format_name is None or (format_name == "TIFF" and suffix in RAW_SUFFIXES):
                kind = printable(suffix, _MAX_SUFFIX_LENGTH) or "without an ending"
                # For a known suffix, the report itself names the file type.
                known_suffix = unsupported_suffix(suffix)
                description = unsupported_gzip(head) if known_suffix else unsupported_type(head)
                placeholder = detect_placeholder(head, size)
                if placeholder in (GIT_LFS, GIT_ANNEX) or (
                    placeholder in (WEB_PAGE, SERVER_ERROR) and known_suffix
                ):
                    description = placeholder.reason
                raise NotAPicture(f"{kind}: {description}" if description else kind)
        if size > MAX_FILE_BYTES:
            raise UnusablePicture(f"too large: {size / 2**30:.1f} GB")
        return read(-1)
    except OSError as error:
        raise UnusablePicture(f"unreadable: {error.strerror or error}") from error


def read_item(item: Item) -> Raw:
    """Return the bytes of an item's file, or its pixels if it is a row of an array.

    Raises:
        NotAPicture: the file does not claim to be a picture.
        UnusablePicture: the file can't be read.
    """
    if item.pixels is not None:
        return item.pixels()
    file = item.file
    assert file is not None
    data = read_file(file.suffix, file.size, file.read)
    return FileFrame(data, item.frame) if item.frame else data


def header_of(raw: Raw) -> Header:
    """Return the header of a picture file or an array.

    Raises:
        UnusablePicture: the file is damaged, of no known kind or has too many pixels.
    """
    if isinstance(raw, bytes | FileFrame):
        with open_picture(raw) as picture:
            return picture.header()
    return array_header(raw)


def values_of(raw: Raw, ranges: Ranges) -> Values | None:
    """Decode a picture file and return the minimum and maximum of its values; None for an array.

    Args:
        raw: the file or array.
        ranges: the values that become levels 0 and 255, by dtype, where they are known.

    Raises:
        UnusablePicture: the file is damaged or its values have no known meaning.
    """
    if not isinstance(raw, bytes | FileFrame):
        return None
    with open_picture(raw) as picture:
        picture.decode(None, None, ranges=ranges, measure=True)
        return picture.values


def open_picture(raw: bytes | FileFrame) -> OpenedPicture:
    """Open a picture file and read its header.

    Raises:
        UnusablePicture: the file is damaged, of no known kind or has too many pixels.
    """
    return OpenedPicture(*raw) if isinstance(raw, FileFrame) else OpenedPicture(raw)


def run_decode_pass(
    readers: Iterable[Callable[[], Raw]], first: int, target: Target | None, *, large: bool = True
) -> BatchResult:
    """Run the decode pass over pictures, and write their rows to the target if there is one.

    Args:
        readers: each returns a file or an array, or raises NotAPicture or UnusablePicture.
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
        outcome, row = _process_picture(read, recipe, large, measure)
        measure = measure and not (outcome.dtype == "uint8" and outcome.high >= BRIGHT)
        outcomes.append(outcome)
        rows.append(row or blank)
        if row and recipe and recipe.channels == 3 and not coloured:
            coloured = not row[0::3] == row[1::3] == row[2::3]
    if target is not None:
        with target.path.open("r+b") as stream:
            stream.seek(target.offset + first * len(blank))
            stream.write(b"".join(rows))
    return BatchResult(outcomes, coloured)


def _process_picture(
    read: Callable[[], Raw], recipe: Recipe | None, large: bool, measure: bool
) -> tuple[Outcome, bytes | None]:
    try:
        raw = read()
        if not isinstance(raw, bytes | FileFrame):
            return _process_array(raw, recipe)
        picture = open_picture(raw)
    except NotAPicture as verdict:
        return Outcome("other", str(verdict)), None
    except UnusablePicture as verdict:
        return Outcome("left out", str(verdict)), None
    with picture:
        header = picture.header()
        header_outcome = Outcome(
            "seen",
            "",
            *_header_fields(header, _content_digest(raw)),
            inks=header.inks,
            white_is_zero=header.white_is_zero,
        )
        if recipe is None:
            return header_outcome, None
        try:
            decoded = picture.decode(
                recipe.alpha_background,
                recipe.draft_scale,
                large=large,
                ranges=recipe.levels,
                measure=measure,
                invert=recipe.invert,
            )
            row = fit(decoded, recipe)
        except LargePicture:
            return header_outcome._replace(kind="large"), None
        except UnusablePicture as verdict:
            return header_outcome._replace(reason=str(verdict)), None
    return _with_row(header_outcome, row, picture.values), row


def _process_array(raw: Pixels, recipe: Recipe | None) -> tuple[Outcome, bytes | None]:
    digest = hashlib.blake2b(raw.data, digest_size=20).hexdigest()
    header_outcome = Outcome("seen", "", *_header_fields(array_header(raw), digest))
    if recipe is None:
        return header_outcome, None
    try:
        row = fit(from_array(raw, recipe.alpha_background), recipe)
    except UnusablePicture as verdict:
        return header_outcome._replace(reason=str(verdict)), None
    return _with_row(header_outcome, row, None), row


def _with_row(header_outcome: Outcome, row: bytes, values: Values | None) -> Outcome:
    value_fields = {} if values is None else values.__dict__
    return header_outcome._replace(kind="made", result=_row_hash(row), **value_fields)


def _content_digest(raw: bytes | FileFrame) -> str:
    data, frame = raw if isinstance(raw, FileFrame) else (raw, 0)
    digest = hashlib.blake2b(data, digest_size=20)
    if frame:
        digest.update(b"%d" % frame)
    return digest.hexdigest()


def _header_fields(header: Header, digest: str) -> tuple[int, int, bool, bool, int, str, str, int]:
    """Return the fields of an :class:`Outcome` from ``width`` to ``frames``, with no result yet."""
    fields = (*header.size, header.gray, header.alpha, header.bands, digest)
    return (*fields, "", header.frames)


def _row_hash(row: bytes) -> str:
    return hashlib.blake2b(row, digest_size=RESULT_BYTES).hexdigest()
