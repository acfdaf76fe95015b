"""Final step of a preparation: write the array and the labels, and assemble the report."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from ddpm_studio.data.collecting import Collection
from ddpm_studio.data.decoding.decode_pass import RESULT_BYTES, Outcome, Target
from ddpm_studio.data.decoding.decoding import Header
from ddpm_studio.data.decoding.resizing import Recipe
from ddpm_studio.data.decoding.tiff import FLOATS, INTEGERS
from ddpm_studio.data.fitting import resolve_options
from ddpm_studio.data.items import Item, natural_key
from ddpm_studio.data.labels.selection import (
    LEFT_OUT,
    Labels,
    choose_labels,
    classes_by_first_rules,
    rename_classes,
)
from ddpm_studio.data.ranges import DtypeRanges, SeenValues
from ddpm_studio.data.report import Reject, Report, listed, size_warnings
from ddpm_studio.data.rows import finish_rows_file
from ddpm_studio.data.store import LABELS, NAMES, digest_of
from ddpm_studio.data.survey import Survey, no_usable_pictures_error
from ddpm_studio.durations import format_count
from ddpm_studio.errors import StudioError, printable
from ddpm_studio.picture_shape import PictureShape
from ddpm_studio.requests import FIRST_RULES, PrepareOptions


@dataclass
class PassResult:
    """The results of a decode pass, in little memory: there may be a million pictures.

    Args:
        target: the file of the rows.
        rows: row of each found picture.
        results: hashes of the prepared pictures, ``RESULT_BYTES`` each, concatenated; zeros for
            one that failed.
        failures: reason for each picture that failed, by its index among the found ones.
        values: value ranges of all pictures.
        coloured: whether the channels of some picture differ.
    """

    target: Target
    rows: array[int] = field(default_factory=lambda: array("q"))
    results: bytearray = field(default_factory=bytearray)
    failures: dict[int, str] = field(default_factory=dict)
    values: SeenValues = field(default_factory=SeenValues)
    coloured: bool = False

    def record(self, row: int, outcome: Outcome) -> None:
        """Record the outcome of the next picture."""
        if outcome.kind != "made":
            self.failures[len(self.rows)] = outcome.reason
        self.rows.append(row)
        self.results += (
            bytes.fromhex(outcome.result) if outcome.kind == "made" else bytes(RESULT_BYTES)
        )
        self.values.add(outcome.values)

    @property
    def recipe(self) -> Recipe:
        """The recipe used, without the ranges of dtypes that no picture has."""
        recipe, dtypes = self.target.recipe, self.values.by_dtype
        return replace(recipe, ranges=tuple(entry for entry in recipe.ranges if entry[0] in dtypes))

    def ranges(self, title: str, options: PrepareOptions) -> DtypeRanges:
        """Return the values of each dtype that become black and white."""
        return self.values.ranges(title, options)

    def count_distinct(self, indices: Sequence[int]) -> int:
        """Return the number of distinct prepared pictures among the found ones given by index."""
        halves = np.frombuffer(self.results, [("a", "u8"), ("b", "u8")])
        return len(np.unique(halves[np.asarray(indices, np.int64)]))


def write_prepared(
    folder: Path, collection: Collection, survey: Survey, decoded: PassResult, sized: PrepareOptions
) -> tuple[PrepareOptions, tuple[list[str], Report], list[object]]:
    """Write the array, the labels and the names of the pictures.

    Returns:
        The resolved options; the class names and the report; and whatever else determines the
        prepared pictures, for the fingerprint.

    Raises:
        StudioError: no picture could be decoded, or every class is left out.
    """
    rejects = [*survey.rejects]
    rejects += [
        Reject(survey.items[index].name, reason) for index, reason in decoded.failures.items()
    ]
    chosen = [index for index in range(len(survey.items)) if index not in decoded.failures]
    items = [survey.items[index] for index in chosen]
    if not items:
        raise no_usable_pictures_error(collection.title, tuple(rejects))
    recipe = decoded.recipe
    labels = labels_of(items, collection, sized)
    classes, notes = labels.classes, [*labels.notes]
    if classes is not None:
        rejects += [
            Reject(item.name, "without a label")
            for item, class_name in zip(items, classes, strict=True)
            if class_name is None
        ]
        if sized.rules != FIRST_RULES and (note := _unknown_classes_note(classes, sized.classes)):
            notes.append(note)
        classes = rename_classes(classes, sized.classes)
        if None in classes:
            if note := _left_out_classes_note(labels.classes, sized.classes):
                notes.append(note)
            chosen = [
                index
                for index, class_name in zip(chosen, classes, strict=True)
                if class_name is not None
            ]
            items = [survey.items[index] for index in chosen]
            classes = [class_name for class_name in classes if class_name is not None]
        if not items:
            raise StudioError(f"No class of {collection.title} is left.", "Leave fewer out.")
    collapses = recipe.channels == 3 and sized.channels == "auto" and not decoded.coloured
    collapses = collapses and recipe.pick is None
    rows = np.frombuffer(decoded.rows, np.int64)[chosen]
    finish_rows_file(decoded.target, rows, gray=collapses)
    names = [class_name for class_name in classes or [] if class_name is not None]
    headers = [survey.headers[index] for index in chosen]
    class_names = sorted(set(names), key=natural_key)
    if names:
        class_indices = {name: index for index, name in enumerate(class_names)}
        np.save(folder / LABELS, np.array([class_indices[name] for name in names], np.int64))
    names_text = "\n".join(item.name.replace("\n", " ") for item in items)
    (folder / NAMES).write_bytes(names_text.encode(errors="surrogatepass"))
    counts = Counter(names)
    report = Report(
        source=collection.title,
        found=len(items) + len(rejects),
        kept=len(items),
        rejects=tuple(rejects),
        sizes=tuple(Counter(header.size for header in headers).most_common()),
        duplicates=len(items) - decoded.count_distinct(chosen),
        class_counts=tuple((name, counts[name]) for name in class_names),
        others=tuple(survey.others.most_common()),
        warnings=(*size_warnings(len(items)), *collection.warnings),
        told=()
        if sized.rules == FIRST_RULES
        else _report_notes(collection, decoded, survey, chosen, notes),
        label_choices=tuple(
            (choice.key, choice.title, choice.classes) for choice in labels.choices
        ),
        labels=labels.used,
        classes_found=_class_counts(labels.classes),
        formats=tuple(dict.fromkeys(collection.formats)),
    )
    shape = PictureShape(recipe.height, recipe.width, 1 if collapses else recipe.channels)
    resolved = resolve_options(sized, shape, bands=recipe.bands)
    key_parts = _rule_differences(items, headers, recipe, classes)
    if len(items) < len(survey.items) - len(decoded.failures):
        key_parts.append({"kept": digest_of([str(row) for row in rows])})
    return resolved, (class_names, report), key_parts


def _report_notes(
    collection: Collection,
    decoded: PassResult,
    survey: Survey,
    chosen: Sequence[int],
    label_notes: Sequence[str],
) -> tuple[str, ...]:
    """Return notes for the report on axes, values, transparency, inks, frames and classes."""
    values = decoded.values.describe(collection.title, decoded.recipe.ranges)
    multi_frame = [index for index in chosen if survey.headers[index].frames > 1]
    frames = [survey.headers[index].frames for index in multi_frame]
    notes = [*collection.notes, *values, *label_notes]
    transparent = sum(
        survey.headers[index].alpha and survey.items[index].file is not None for index in chosen
    )
    alpha_background = decoded.recipe.alpha_background
    if transparent and alpha_background is not None:
        pictures = "1 picture has" if transparent == 1 else f"{transparent:,} pictures have"
        colour = "#" + bytes(alpha_background).hex()
        notes.append(
            f"{pictures} transparency, which becomes {colour} (--background); --channels rgba "
            "keeps it."
        )
    inks = Counter(survey.headers[index].inks for index in chosen)
    for name, count in sorted(inks.items()):
        if name:
            pictures = "1 picture is" if count == 1 else f"{count:,} pictures are"
            notes.append(f"{pictures} {name}, turned into RGB without a colour profile.")
    negatives = Counter(survey.headers[index].white_is_zero for index in chosen)
    for kind, reading in ((INTEGERS, "inverted"), (FLOATS, "read as stored, not inverted")):
        if count := negatives[kind]:
            notes.append(
                f"{format_count(count, 'TIFF')} of {kind}, in which low values are to be white, "
                f"{'is' if count == 1 else 'are'} {reading}."
            )
    if frames and not any(survey.items[index].frame for index in chosen):
        files = "1 file has" if len(frames) == 1 else f"{len(frames):,} files have"
        notes.append(
            f"{files} several frames or pages, {sum(frames):,} in all: the first of each is taken; "
            "--frames all takes every one."
        )
    return tuple(notes)


def _class_counts(classes: Sequence[str | None] | None) -> tuple[tuple[str, int], ...]:
    counts = Counter(class_name for class_name in classes or () if class_name is not None)
    return tuple((name, counts[name]) for name in sorted(counts, key=natural_key))


def _unknown_classes_note(classes: Sequence[str | None], renames: Mapping[str, str]) -> str:
    """Return a note on the classes to rename that do not exist; empty if there are none."""
    existing = set(classes)
    missing = [printable(name, 60) for name in renames if name not in existing]
    return f"There is no class {listed(missing, 3)} to rename." if missing else ""


def _left_out_classes_note(classes: Sequence[str | None] | None, renames: Mapping[str, str]) -> str:
    """Return a note on the number of pictures in classes left out; empty if there are none."""
    counts = Counter(class_name for class_name in classes or () if class_name is not None)
    left_out = [old for old, new in renames.items() if new == LEFT_OUT and counts[old]]
    if not left_out:
        return ""
    total = sum(counts[old] for old in left_out)
    return f"{format_count(total, 'picture')} of {', '.join(left_out)} left out, as asked."


def _rule_differences(
    items: Sequence[Item],
    headers: Sequence[Header],
    recipe: Recipe,
    classes: Sequence[str | None] | None,
) -> list[object]:
    """Return the inversions, ranges and classes in which pictures differ from version 0.1.0's."""
    differences: list[object] = []
    if recipe.invert and any(header.white_is_zero == INTEGERS for header in headers):
        differences.append("white is zero")
    if recipe.ranges:
        differences.append({"ranges": recipe.ranges})
    first_classes = classes_by_first_rules(items)
    if classes != first_classes:
        differences.append({"classes": digest_of(classes)})
    return differences


def labels_of(items: Sequence[Item], collection: Collection, options: PrepareOptions) -> Labels:
    """Return the classes of pictures, from the source asked for or else the most reliable one."""
    return choose_labels(items, collection.sources, collection.own, options, collection.class_names)
