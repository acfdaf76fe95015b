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
from ddpm_studio.data.decoding.resizing import Recipe
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
        why: reason for each picture that failed, by its index among the found ones.
        values: value ranges of all pictures.
        coloured: whether the channels of some picture differ.
    """

    target: Target
    rows: array[int] = field(default_factory=lambda: array("q"))
    results: bytearray = field(default_factory=bytearray)
    why: dict[int, str] = field(default_factory=dict)
    values: SeenValues = field(default_factory=SeenValues)
    coloured: bool = False

    def record(self, row: int, one: Outcome) -> None:
        """Record the outcome of the next picture."""
        if one.kind != "made":
            self.why[len(self.rows)] = one.why
        self.rows.append(row)
        self.results += bytes.fromhex(one.result) if one.kind == "made" else bytes(RESULT_BYTES)
        self.values.add(one.values)

    @property
    def recipe(self) -> Recipe:
        """The recipe used, without the ranges of dtypes that no picture has."""
        recipe, there = self.target.recipe, self.values.by_dtype
        return replace(recipe, ranges=tuple(one for one in recipe.ranges if one[0] in there))

    def ranges(self, title: str, options: PrepareOptions) -> DtypeRanges:
        """Return the values of each dtype that become black and white."""
        return self.values.ranges(title, options)

    def count_distinct(self, numbers: Sequence[int]) -> int:
        """Return the number of distinct prepared pictures among the found ones given by index."""
        halves = np.frombuffer(self.results, [("a", "u8"), ("b", "u8")])
        return len(np.unique(halves[np.asarray(numbers, np.int64)]))


def write_prepared(
    folder: Path, collection: Collection, seen: Survey, made: PassResult, sized: PrepareOptions
) -> tuple[PrepareOptions, tuple[list[str], Report], list[object]]:
    """Write the array, the labels and the names of the pictures.

    Returns:
        The resolved options; the class names and the report; and whatever else determines the
        prepared pictures, for the fingerprint.

    Raises:
        StudioError: no picture could be decoded, or every class is left out.
    """
    rejects = [*seen.rejects]
    rejects += [Reject(seen.items[at].name, why) for at, why in made.why.items()]
    chosen = [at for at in range(len(seen.items)) if at not in made.why]
    kept = [seen.items[at] for at in chosen]
    if not kept:
        raise no_usable_pictures_error(collection.title, tuple(rejects))
    recipe = made.recipe
    labels = labels_of(kept, collection, sized)
    classes, notes = labels.classes, [*labels.notes]
    if classes is not None:
        rejects += [
            Reject(item.name, "without a label")
            for item, one in zip(kept, classes, strict=True)
            if one is None
        ]
        if sized.rules != FIRST_RULES and (line := _unknown_classes_note(classes, sized.classes)):
            notes.append(line)
        classes = rename_classes(classes, sized.classes)
        if None in classes:
            if line := _left_out_classes_note(labels.classes, sized.classes):
                notes.append(line)
            chosen = [at for at, one in zip(chosen, classes, strict=True) if one is not None]
            kept = [seen.items[at] for at in chosen]
            classes = [one for one in classes if one is not None]
        if not kept:
            raise StudioError(f"No class of {collection.title} is left.", "Leave fewer out.")
    collapses = recipe.channels == 3 and sized.channels == "auto" and not made.coloured
    collapses = collapses and recipe.pick is None
    rows = np.frombuffer(made.rows, np.int64)[chosen]
    finish_rows_file(made.target, rows, gray=collapses)
    names = [one for one in classes or [] if one is not None]
    headers = [seen.headers[at] for at in chosen]
    class_names = sorted(set(names), key=natural_key)
    if names:
        index = {name: number for number, name in enumerate(class_names)}
        np.save(folder / LABELS, np.array([index[name] for name in names], np.int64))
    listed = "\n".join(item.name.replace("\n", " ") for item in kept)
    (folder / NAMES).write_bytes(listed.encode(errors="surrogatepass"))
    counts = Counter(names)
    report = Report(
        source=collection.title,
        found=len(kept) + len(rejects),
        kept=len(kept),
        rejects=tuple(rejects),
        sizes=tuple(Counter(header.size for header in headers).most_common()),
        duplicates=len(kept) - made.count_distinct(chosen),
        class_counts=tuple((name, counts[name]) for name in class_names),
        others=tuple(seen.others.most_common()),
        warnings=(*size_warnings(len(kept)), *collection.warnings),
        told=()
        if sized.rules == FIRST_RULES
        else _report_notes(collection, made, seen, chosen, notes),
        label_choices=tuple((one.key, one.title, one.classes) for one in labels.choices),
        labels=labels.used,
        classes_found=_class_counts(labels.classes),
        formats=tuple(dict.fromkeys(collection.formats)),
    )
    shape = PictureShape(recipe.height, recipe.width, 1 if collapses else recipe.channels)
    resolved = resolve_options(sized, shape, bands=recipe.bands)
    more = _rule_differences(kept, recipe, classes)
    if len(kept) < len(seen.items) - len(made.why):
        more.append({"kept": digest_of([str(row) for row in rows])})
    return resolved, (class_names, report), more


def _report_notes(
    collection: Collection,
    made: PassResult,
    seen: Survey,
    chosen: Sequence[int],
    labels: Sequence[str],
) -> tuple[str, ...]:
    """Return notes for the report on axes, values, transparency, inks, frames and classes."""
    values = made.values.describe(collection.title, made.recipe.ranges)
    several = [at for at in chosen if seen.headers[at].frames > 1]
    frames = [seen.headers[at].frames for at in several]
    notes = [*collection.notes, *values, *labels]
    clear = sum(seen.headers[at].alpha and seen.items[at].file is not None for at in chosen)
    alpha_background = made.recipe.alpha_background
    if clear and alpha_background is not None:
        pictures = "1 picture has" if clear == 1 else f"{clear:,} pictures have"
        colour = "#" + bytes(alpha_background).hex()
        notes.append(
            f"{pictures} transparency, which becomes {colour} (--background); --channels rgba "
            "keeps it."
        )
    inks = Counter(seen.headers[at].inks for at in chosen)
    for name, count in sorted(inks.items()):
        if name:
            pictures = "1 picture is" if count == 1 else f"{count:,} pictures are"
            notes.append(f"{pictures} {name}, turned into RGB without a colour profile.")
    if frames and not any(seen.items[at].frame for at in chosen):
        files = "1 file has" if len(frames) == 1 else f"{len(frames):,} files have"
        notes.append(
            f"{files} several frames or pages, {sum(frames):,} in all: the first of each is taken; "
            "--frames all takes every one."
        )
    return tuple(notes)


def _class_counts(classes: Sequence[str | None] | None) -> tuple[tuple[str, int], ...]:
    counts = Counter(one for one in classes or () if one is not None)
    return tuple((name, counts[name]) for name in sorted(counts, key=natural_key))


def _unknown_classes_note(classes: Sequence[str | None], names: Mapping[str, str]) -> str:
    """Return a note on the classes to rename that do not exist; empty if there are none."""
    there = set(classes)
    missing = [printable(name, 60) for name in names if name not in there]
    return f"There is no class {listed(missing, 3)} to rename." if missing else ""


def _left_out_classes_note(classes: Sequence[str | None] | None, names: Mapping[str, str]) -> str:
    """Return a note on the number of pictures in classes left out; empty if there are none."""
    counts = Counter(one for one in classes or () if one is not None)
    out = [old for old, new in names.items() if new == LEFT_OUT and counts[old]]
    if not out:
        return ""
    total = sum(counts[old] for old in out)
    return f"{format_count(total, 'picture')} of {', '.join(out)} left out, as asked."


def _rule_differences(
    kept: Sequence[Item], recipe: Recipe, classes: Sequence[str | None] | None
) -> list[object]:
    """Return the ranges and classes in which the pictures differ from those of version 0.1.0."""
    more: list[object] = []
    if recipe.ranges:
        more.append({"ranges": recipe.ranges})
    first = classes_by_first_rules(kept)
    if classes != first:
        more.append({"classes": digest_of(classes)})
    return more


def labels_of(items: Sequence[Item], collection: Collection, options: PrepareOptions) -> Labels:
    """Return the classes of pictures, from the source asked for or else the most reliable one."""
    return choose_labels(items, collection.sources, collection.own, options, collection.class_names)
