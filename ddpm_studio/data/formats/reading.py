"""Interface of format readers: the context :class:`Reading` and the :class:`ReadResult`."""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import BinaryIO, cast

import numpy as np

from ddpm_studio.data.byte_ranges import WholeFile
from ddpm_studio.data.decoding.signatures import misnamed_picture
from ddpm_studio.data.formats.array_rows import Array, ArrayRows, check_fits_memory
from ddpm_studio.data.formats.layouts import ArrayLayout, layout_of
from ddpm_studio.data.items import MAX_FILES, File, Item, Pixels
from ddpm_studio.data.labels.class_names import ClassNames, find_class_names, parse_class_names
from ddpm_studio.data.labels.own_labels import (
    OwnChoices,
    OwnLabels,
    class_names,
    unusable_labels_reason,
)
from ddpm_studio.data.ranges import describe_values, given_range
from ddpm_studio.data.report import Reject
from ddpm_studio.data.values import BRIGHT, BYTES, Range, UnknownRangeError, Values
from ddpm_studio.errors import StudioError, printable
from ddpm_studio.picture_shape import MAX_COLOUR_CHANNELS
from ddpm_studio.placeholders import HEAD_BYTES as PLACEHOLDER_HEAD_BYTES
from ddpm_studio.placeholders import MAX_BYTES as PLACEHOLDER_MAX_BYTES
from ddpm_studio.placeholders import detect_placeholder
from ddpm_studio.requests import FIRST_RULES, PrepareOptions

_SHAPE_REMEDY = (
    "Save pictures as (N, H, W), (N, H, W, C) or (N, C, H, W), with up to 64 channels, or "
)
_LAYOUT_REMEDY = "say what the axes are: --layout NHWC."
_RANGE_REMEDY = "Save pictures as uint8, or as floats from 0 to 1 or from −1 to 1, or say their "
_FINITE_REMEDY = "Put numbers in the place of NaN and infinity: numpy.nan_to_num."
_ROWS_PER_READ = 1024
_SCAN_BYTES = 16 * 2**20
_MAX_NAMED = 3


@dataclass(frozen=True)
class PictureArray:
    """An array of pictures and their classes.

    Args:
        name: name of the array, for reports.
        rows: the values of the array.
        layout: the meaning of its axes.
        classes: the class of each picture, or None.
        origin: the name of its file in the tree, where its folders may give a class.
    """

    name: str
    rows: ArrayRows
    layout: ArrayLayout
    classes: Sequence[str | None] | None = None
    origin: str = ""


@dataclass
class Reading:
    """Context of the listing of one dropped tree: options and results of the format readers.

    Args:
        tree: index of the dropped tree.
        title: title of the tree, for reports.
        options: how the pictures are prepared.
        stack: closes the files that must stay open until the pictures are prepared.
        prefix: prepended to the names of its files in reports.
    """

    tree: int
    title: str
    options: PrepareOptions
    stack: ExitStack
    prefix: str = ""
    warnings: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    rejects: list[Reject] = field(default_factory=list)
    formats: list[str] = field(default_factory=list)
    class_names: ClassNames = field(default_factory=ClassNames)
    ranges: set[tuple[str, float, float]] = field(default_factory=set)
    own: OwnLabels = field(init=False)

    def __post_init__(self) -> None:
        self.own = OwnLabels(self.options.labels)

    @property
    def first_rules(self) -> bool:
        """Whether the rules of version 0.1.0 apply."""
        return self.options.rules == FIRST_RULES

    def shown(self, name: str) -> str:
        """Return a file's name as shown in reports."""
        return printable(self.prefix + name)

    def open(self, file: File) -> BinaryIO:
        """Open a file as a seekable stream, closed together with the reading.

        Raises:
            OSError: the file can't be read.
            StudioError: the file is in an archive and too large for the memory.
        """
        if isinstance(file.location, WholeFile):
            return self.stack.enter_context(Path(file.location.path).open("rb"))
        check_fits_memory(self.shown(file.name), file.size)
        return cast(BinaryIO, io.BytesIO(file.read(-1)))

    def genuine_files(self, files: Sequence[File]) -> list[File]:
        """Return the files that may be of the type of their suffix, and reject the others.

        Rejected are placeholders, such as Git LFS pointers, and misnamed pictures. Readers that
        recognise their files by suffix alone call this first.
        """
        if self.first_rules:
            return list(files)
        found = []
        for file in files:
            reason = _actual_type(file)
            if reason is None:
                found.append(file)
            else:
                self.rejects.append(Reject(self.shown(file.name), reason))
        return found

    def warn(self, message: str) -> None:
        """Add a warning, except by the rules of 0.1.0, whose warnings are part of fingerprints."""
        if not self.first_rules:
            self.warnings.append(message)

    def read_class_names(self, files: Sequence[File]) -> set[str]:
        """Set the class names from a file of names among these; return the name of that file."""
        if self.first_rules or self.class_names.names:
            return set()
        self.class_names, used = find_class_names(files)
        return used

    def set_class_names(self, value: object, title: str) -> bool:
        """Set the class names from a value in a file of arrays; return whether it holds any."""
        found = None if self.first_rules else parse_class_names(value, title)
        if found is not None and not self.class_names.names:
            self.class_names = found
        return found is not None

    def own_labels(self, name: str, choices: OwnChoices, count: int) -> list[str | None] | None:
        """Return the class of each of ``count`` pictures from the labels in the same source.

        An empty label becomes None. Returns None if there are no usable labels.

        Args:
            name: name of the pictures, for reports.
            choices: functions that return the labels, by name, the most likely first.
            count: number of pictures.
        """
        for key in self.own.choose(choices):
            labels = choices[key]()
            classes = class_names(labels, count)
            if classes is not None:
                self.own.mark_used(key)
                return [label or None for label in classes] if not self.first_rules else [*classes]
            self.warnings.append(
                f"Labels of {name} left out: {unusable_labels_reason(labels, count)}."
            )
        return None

    def layout(self, name: str, shape: tuple[int, ...], axes: str | None = None) -> ArrayLayout:
        """Return the layout of an array of this shape.

        Args:
            name: name of the array, for errors.
            shape: shape of the array.
            axes: letters of its axes if known; None for those asked for, or by their sizes.

        Raises:
            StudioError: the shape is not one of pictures.
        """
        requested = axes or self.options.layout
        if self.first_rules and len(shape) == 3:
            requested = "NHW"
        layout = layout_of(shape, requested)
        is_narrow = layout is not None and axes == "NHW" and min(shape[1:]) <= MAX_COLOUR_CHANNELS
        if layout is None or is_narrow or (self.first_rules and not _is_in_first_rules(shape)):
            problem = f"of shape {shape}, which is no pictures"
            if requested is not None and not self.first_rules:
                problem = f"of shape {shape}, which the axes {requested} do not go with"
            raise StudioError(f"{name} holds an array {problem}.", _SHAPE_REMEDY + _LAYOUT_REMEDY)
        return layout

    def arrays(self, parts: Sequence[PictureArray]) -> list[Item]:
        """Return the pictures of arrays as items, with one value range for each dtype.

        Raises:
            StudioError: the values have no known meaning, or there are too many pictures.
        """
        if sum(part.layout.count for part in parts) > MAX_FILES:
            raise StudioError(
                f"{self.title} holds more than {MAX_FILES:,} pictures.", "Save a part of it."
            )
        values = [_scan_values(part.rows) for part in parts]
        ranges, by_dtype = self._ranges(parts, values)
        self.ranges |= {(dtype, *range_) for dtype, range_ in ranges.items()}
        if not self.first_rules:
            self._add_notes(parts, values, ranges, by_dtype)
        items: list[Item] = []
        for part, part_values in zip(parts, values, strict=True):
            if part_values.dtype in ranges:
                items += self._items(part, ranges[part_values.dtype])
        return items

    def _ranges(
        self, parts: Sequence[PictureArray], values: Sequence[Values]
    ) -> tuple[dict[str, Range], dict[str, Values]]:
        by_dtype: dict[str, Values] = {}
        for array_values in values:
            known = by_dtype.get(array_values.dtype)
            by_dtype[array_values.dtype] = array_values if known is None else known | array_values
        ranges: dict[str, Range] = {}
        for dtype, dtype_values in by_dtype.items():
            try:
                ranges[dtype] = self.range_of(dtype_values)
            except UnknownRangeError as error:
                name = next(p.name for p, v in zip(parts, values, strict=True) if v.dtype == dtype)
                remedy = _FINITE_REMEDY
                if error.option or not dtype_values.are_numbers:
                    remedy = f"{_RANGE_REMEDY}range: {error.option or '--range LOW..HIGH'}."
                raise StudioError(f"{name} holds {error}.", remedy) from error
        return ranges, by_dtype

    def range_of(self, values: Values) -> Range:
        """Return the range of the values: asked for or expected, or else inferred from them.

        Raises:
            UnknownRangeError: the values fit none of the usual ranges.
        """
        given = given_range(values, self.options)
        if given is not None and values.are_numbers:
            values.require_finite()
            return given
        inferred = values.inferred_range
        return (
            BYTES if self.first_rules and inferred.high <= 1 and values.are_integers else inferred
        )

    def _add_notes(
        self,
        parts: Sequence[PictureArray],
        values: Sequence[Values],
        ranges: dict[str, Range],
        by_dtype: dict[str, Values],
    ) -> None:
        for part in parts[:_MAX_NAMED] if len(parts) <= _MAX_NAMED else ():
            self.notes.append(f"{part.name}: {part.layout.description}.")
        if len(parts) > _MAX_NAMED:
            counts = Counter(", ".join(part.layout.axes) for part in parts)
            axes_text = "; ".join(f"axes ({axes})" for axes, _ in counts.most_common(_MAX_NAMED))
            pictures = sum(part.layout.count for part in parts)
            self.notes.append(f"{len(parts):,} arrays: {pictures:,} pictures, {axes_text}.")
        if any(part.layout.picture_shape[2] in (2, 4) for part in parts) and not (
            self.options.bands or self.options.channels == "bands"
        ):
            self.notes.append("The last channel is taken for transparency; --bands all keeps it.")
        for dtype, dtype_values in by_dtype.items():
            self.notes += describe_values(parts[0].name, dtype_values, ranges[dtype])
        floats = [(p, v) for p, v in zip(parts, values, strict=True) if v.dtype.startswith("float")]
        dark = [p for p, v in floats if ranges.get(v.dtype) == BYTES and 0 <= v.low < v.high <= 1]
        if dark and len(dark) < len(floats):
            hold = "holds" if len(dark) == 1 else "hold"
            self.warnings.append(
                f"{len(dark):,} of {len(floats):,} arrays, such as {dark[0].name}, {hold} values "
                "from 0 to 1: in the range 0..255 of the others they are black. Prepare them apart."
            )

    def _items(self, part: PictureArray, range_: Range) -> list[Item]:
        layout, classes = part.layout, part.classes
        height, width, channels = layout.picture_shape
        is_single = "N" not in layout.axes
        picture_first = layout.axes.startswith("N")
        rows = part.rows if picture_first or is_single else _TransposedRows(part.rows, layout)
        return [
            Item(
                part.name if is_single else f"{part.name}[{index}]",
                self.tree,
                pixels=partial(
                    _picture_of_all if is_single else _picture_at, rows, index, layout, range_
                ),
                class_name=classes[index] if classes is not None else None,
                pixel_bytes=height * width * channels,
                origin=part.origin,
            )
            for index in range(layout.count)
        ]


def _actual_type(file: File) -> str | None:
    """Return the actual type of a file that is not of its suffix's type; None if it may be."""
    try:
        head = file.read(PLACEHOLDER_HEAD_BYTES)
    except OSError:
        # The reader of the file will report the error.
        return None
    placeholder = (
        detect_placeholder(head, file.size) if file.size <= PLACEHOLDER_MAX_BYTES else None
    )
    return placeholder.reason if placeholder is not None else misnamed_picture(head)


def _is_in_first_rules(shape: tuple[int, ...]) -> bool:
    """Whether version 0.1.0 read arrays of this shape."""
    return len(shape) == 4 or (len(shape) == 3 and min(shape[1:]) > MAX_COLOUR_CHANNELS)


def _scan_values(rows: ArrayRows) -> Values:
    """Return minimum and maximum; the scan of uint8 ends early at a value of at least BRIGHT."""
    dtype = rows.dtype
    kind = dtype.kind
    if kind not in "biuf":
        return Values(str(dtype), 0.0, 0.0)
    if not rows.shape or not rows.shape[0]:
        return Values(dtype.name, 0.0, 0.0)
    if kind == "b":
        return Values(dtype.name, 0.0, 1.0)
    count = rows.shape[0]
    row_bytes = max(1, int(np.prod(rows.shape[1:])) * dtype.itemsize)
    step = max(1, min(_ROWS_PER_READ, _SCAN_BYTES // row_bytes))
    values: Values | None = None
    for start in range(0, count, step):
        block_values = Values.of(rows[np.arange(start, min(count, start + step))])
        values = block_values if values is None else values | block_values
        if dtype == np.uint8 and values.high >= BRIGHT:
            return Values(dtype.name, 0.0, BYTES.high)
    assert values is not None
    return values


class _TransposedRows:
    """An array in which N is not the first axis, read as a whole and transposed."""

    def __init__(self, rows: ArrayRows, layout: ArrayLayout) -> None:
        array = rows[np.arange(rows.shape[0])]
        self._transposed = np.moveaxis(array, layout.axes.index("N"), 0)
        self.shape, self.dtype = self._transposed.shape, self._transposed.dtype

    def __getitem__(self, rows: Array) -> Array:
        result: Array = self._transposed[rows]
        return result


def _picture_of_all(rows: ArrayRows, index: int, layout: ArrayLayout, range_: Range) -> Pixels:
    return _to_levels(rows[np.arange(rows.shape[0])], layout, range_)


def _picture_at(rows: ArrayRows, index: int, layout: ArrayLayout, range_: Range) -> Pixels:
    return _to_levels(rows[np.array([index])][0].reshape(layout.row_shape), layout, range_)


def _to_levels(picture: Array, layout: ArrayLayout, range_: Range) -> Pixels:
    pixels = picture.transpose(layout.picture)
    if pixels.ndim == 2:
        pixels = pixels[..., np.newaxis]
    return np.ascontiguousarray(range_.levels(pixels))


Reader = Callable[[Sequence[File], Reading], "ReadResult | None"]


@dataclass
class ReadResult:
    """Result of a format reader.

    Args:
        items: the pictures.
        files: the names of the files that the reader has used, for pictures or labels.
    """

    items: list[Item]
    files: frozenset[str]
