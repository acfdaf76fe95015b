"""Choice of labels: selection of a label source, and the names of the classes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from ddpm_studio.data.items import Item, folder_classes
from ddpm_studio.data.labels.class_names import ClassNames
from ddpm_studio.data.labels.manifests import MANIFEST_RANK
from ddpm_studio.data.labels.own_labels import NONE, OwnLabels
from ddpm_studio.data.labels.source import LabelSource
from ddpm_studio.errors import StudioError, printable
from ddpm_studio.requests import FIRST_RULES, PrepareOptions

LEFT_OUT = "-"
_LONGEST_CLASS = 100
# Sources up to this rank (manifest, table, sidecar files, objects) list each picture explicitly.
_LISTED_RANKS = 3
_MAX_LISTED = 12
NO_NAMES: Mapping[int, ClassNames] = MappingProxyType({})


@dataclass(frozen=True)
class LabelChoice:
    """A label source that can be chosen.

    Args:
        key: the value of ``--labels`` that selects it.
        title: its description in words.
        classes: number of its classes; 0 if not counted.
    """

    key: str
    title: str
    classes: int


@dataclass(frozen=True)
class Labels:
    """The labels of some pictures and where they come from.

    Args:
        classes: the class of each picture, None where it has none; None if there are no classes.
        choices: the label sources to choose from.
        used: the keys of the sources used.
        notes: notes for the report.
    """

    classes: list[str | None] | None
    choices: tuple[LabelChoice, ...] = ()
    used: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def choose_labels(
    items: Sequence[Item],
    sources: Mapping[int, Sequence[LabelSource]],
    own: OwnLabels,
    options: PrepareOptions,
    names: Mapping[int, ClassNames] = NO_NAMES,
) -> Labels:
    """Return the class of each picture, from the source asked for or else the most reliable one.

    Args:
        items: the pictures.
        sources: the label sources of each tree.
        own: the labels in arrays.
        options: the preparation options, of which ``labels`` and ``rules`` are used.
        names: names for numbered classes, for each tree.
    """
    if options.rules == FIRST_RULES:
        return Labels(classes_by_first_rules(items))
    trees: dict[int, list[int]] = {}
    for number, item in enumerate(items):
        trees.setdefault(item.tree, []).append(number)
    classes: list[str | None] = [item.class_name for item in items]
    by_name = {"own", *(one.casefold() for one in own.used)}
    used: dict[str, str] = {}
    notes: list[str] = []
    for tree, numbers in trees.items():
        with_own = sum(classes[number] is not None for number in numbers)
        asked_own = options.labels is not None and options.labels.casefold() in by_name
        if with_own and (asked_own or (options.labels is None and with_own == len(numbers))):
            used |= dict.fromkeys(own.used, "")
            continue
        paths = [items[number].path for number in numbers]
        source, found = _best_source(sources.get(tree, ()), paths, options.labels)
        if source is None and with_own and options.labels is None:
            used |= dict.fromkeys(own.used, "")
            continue
        for number, one in zip(numbers, found, strict=True):
            classes[number] = one
        if source is not None:
            used[source.key] = source.title
    choices = _choices(items, trees, sources, own)
    if options.labels == NONE:
        return Labels(None, choices)
    missing = classes.count(None)
    if missing and options.labels is None:
        if missing < len(classes) and used:
            notes.append(
                f"{missing:,} of {len(classes):,} pictures have no label, so there are no classes; "
                f"--labels {next(iter(used))} leaves these pictures out."
            )
        return Labels(None, choices, (), tuple(notes))
    if missing == len(classes):
        return Labels(None, choices)
    where = [
        title or ("their labels" if key == "labels" else f"the labels {printable(key, 60)}")
        for key, title in used.items()
    ]
    by = _apply_names(classes, trees, names)
    named_by = f", named by {' and '.join(by)}" if by else ""
    notes.append(f"Classes from {' and '.join(where)}{named_by}.")
    shown = {name: printable(name, _LONGEST_CLASS) for name in set(classes) if name is not None}
    named = [None if one is None else shown[one] for one in classes]
    return Labels(named, choices, tuple(used), tuple(notes))


def _apply_names(
    classes: list[str | None], trees: Mapping[int, Sequence[int]], names: Mapping[int, ClassNames]
) -> list[str]:
    """Replace numbered classes by their names, in place; return the titles of the lists used."""
    titles = []
    for tree, numbers in trees.items():
        known = names.get(tree, ClassNames())
        called = known.of({one for number in numbers if (one := classes[number]) is not None})
        if called:
            titles.append(known.title)
            for number in numbers:
                if (one := classes[number]) is not None:
                    classes[number] = called[one]
    return list(dict.fromkeys(titles))


def check_requested_labels(title: str, labels: Labels, options: PrepareOptions) -> None:
    """Check that the labels asked for were found.

    Raises:
        StudioError: there are no such labels; the message lists those that exist.
    """
    asked = options.labels
    if asked in (None, NONE) or labels.used:
        return
    there = ", ".join(choice.key for choice in labels.choices[:_MAX_LISTED]) or "none"
    raise StudioError(f"{title} has no labels {printable(str(asked), 60)}.", f"There are: {there}.")


def rename_classes(classes: Sequence[str | None], names: Mapping[str, str]) -> list[str | None]:
    """Return the classes renamed by a mapping from old to new names, None for those left out."""
    other: dict[str | None, str | None] = {
        old: None if new == LEFT_OUT else printable(new, _LONGEST_CLASS)
        for old, new in names.items()
    }
    return [other.get(one, one) for one in classes]


def _best_source(
    sources: Sequence[LabelSource], paths: Sequence[str], asked: str | None
) -> tuple[LabelSource | None, list[str | None]]:
    nothing: list[str | None] = [None] * len(paths)
    if asked is not None:
        wanted = asked.casefold()
        chosen = next((one for one in sources if one.key.casefold() == wanted), None)
        known = chosen.classes(paths) if chosen is not None else None
        return (chosen, known) if known is not None else (None, nothing)
    for rank, source in sorted(_ranked(sources), key=lambda one: one[0]):
        found = source.classes(paths)
        if found is None:
            continue
        # A manifest has precedence, even one that says that there are no classes.
        listed = rank <= _LISTED_RANKS and (any(found) or rank == MANIFEST_RANK)
        if listed or None not in found:
            return source, found
    return None, nothing


def _ranked(sources: Sequence[LabelSource]) -> list[tuple[int, LabelSource]]:
    return [(one.rank, one) for one in sources if one.rank is not None]


def _choices(
    items: Sequence[Item],
    trees: Mapping[int, Sequence[int]],
    sources: Mapping[int, Sequence[LabelSource]],
    own: OwnLabels,
) -> tuple[LabelChoice, ...]:
    found: dict[str, tuple[str, set[str | None]]] = {}
    for tree, numbers in trees.items():
        paths = [items[number].path for number in numbers]
        for source in sources.get(tree, ()):
            classes = source.classes(paths)
            if classes is not None and any(one is not None for one in classes):
                found.setdefault(source.key, (source.title, set()))[1].update(classes)
    named = {item.class_name for item in items if item.class_name is not None}
    choices = [
        LabelChoice(key, title, len(names - {None})) for key, (title, names) in found.items()
    ]
    mine = [
        LabelChoice(key, f"the labels {printable(key, 60)}", len(named) if key in own.used else 0)
        for key in own.found
    ]
    return (*choices, *mine)


def classes_by_first_rules(items: Sequence[Item]) -> list[str | None] | None:
    """Return the classes by the rules of version 0.1.0: the outermost folders, or array labels."""
    classes: list[str | None] = [item.class_name for item in items]
    trees: dict[int, list[int]] = {}
    for number, item in enumerate(items):
        if item.file is not None:
            trees.setdefault(item.tree, []).append(number)
    for numbers in trees.values():
        found = folder_classes([items[number].path for number in numbers])
        for at, number in enumerate(numbers):
            classes[number] = found[at] if found is not None else None
    if None in classes:
        return None
    return [None if one is None else printable(one, _LONGEST_CLASS) for one in classes]
