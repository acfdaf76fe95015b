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
_MAX_CLASS_LENGTH = 100
# Sources up to this rank (manifest, table, sidecar files, objects) list each picture explicitly.
_LISTED_RANKS = 3
_MAX_LISTED = 12
NO_NAMES: Mapping[int, ClassNames] = MappingProxyType({})


class LabelsNotFoundError(StudioError):
    """Error for labels that were asked for and are not there."""


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
    for index, item in enumerate(items):
        trees.setdefault(item.tree, []).append(index)
    classes: list[str | None] = [item.class_name for item in items]
    own_names = {"own", *(name.casefold() for name in own.used)}
    used: dict[str, str] = {}
    notes: list[str] = []
    for tree, indices in trees.items():
        own_count = sum(classes[index] is not None for index in indices)
        own_requested = options.labels is not None and options.labels.casefold() in own_names
        if own_count and (own_requested or (options.labels is None and own_count == len(indices))):
            used |= dict.fromkeys(own.used, "")
            continue
        paths = [items[index].path for index in indices]
        source, tree_classes = _best_source(sources.get(tree, ()), paths, options.labels)
        if source is None and own_count and options.labels is None:
            used |= dict.fromkeys(own.used, "")
            continue
        for index, class_name in zip(indices, tree_classes, strict=True):
            classes[index] = class_name
        if source is not None:
            used[source.key] = source.title
    choices = _choices(items, trees, sources, own)
    if options.labels == NONE:
        return Labels(None, choices)
    missing = classes.count(None)
    if missing and options.labels is None:
        if missing < len(classes) and used:
            have, those = ("has", "this picture") if missing == 1 else ("have", "these pictures")
            notes.append(
                f"{missing:,} of {len(classes):,} pictures {have} no label, so there are no "
                f"classes; --labels {next(iter(used))} leaves {those} out."
            )
        return Labels(None, choices, (), tuple(notes))
    if missing == len(classes):
        return Labels(None, choices)
    sources_text = [
        title or ("their labels" if key == "labels" else f"the labels {printable(key, 60)}")
        for key, title in used.items()
    ]
    titles = _apply_names(classes, trees, names)
    named_by = f", named by {' and '.join(titles)}" if titles else ""
    notes.append(f"Classes from {' and '.join(sources_text)}{named_by}.")
    printable_names = {
        name: printable(name, _MAX_CLASS_LENGTH) for name in set(classes) if name is not None
    }
    named_classes = [
        None if class_name is None else printable_names[class_name] for class_name in classes
    ]
    return Labels(named_classes, choices, tuple(used), tuple(notes))


def _apply_names(
    classes: list[str | None], trees: Mapping[int, Sequence[int]], names: Mapping[int, ClassNames]
) -> list[str]:
    """Replace numbered classes by their names, in place; return the titles of the lists used."""
    titles = []
    for tree, indices in trees.items():
        class_names = names.get(tree, ClassNames())
        names_by_class = class_names.of(
            {class_ for index in indices if (class_ := classes[index]) is not None}
        )
        if names_by_class:
            titles.append(class_names.title)
            for index in indices:
                if (class_ := classes[index]) is not None:
                    classes[index] = names_by_class[class_]
    return list(dict.fromkeys(titles))


def check_requested_labels(title: str, labels: Labels, options: PrepareOptions) -> None:
    """Check that the labels asked for were found.

    Raises:
        LabelsNotFoundError: there are no such labels; the message lists those that exist.
    """
    requested = options.labels
    if requested in (None, NONE) or labels.used:
        return
    existing = ", ".join(choice.key for choice in labels.choices[:_MAX_LISTED]) or "none"
    raise LabelsNotFoundError(
        f"{title} has no labels {printable(str(requested), 60)}.", f"There are: {existing}."
    )


def rename_classes(classes: Sequence[str | None], names: Mapping[str, str]) -> list[str | None]:
    """Return the classes renamed by a mapping from old to new names, None for those left out."""
    new_names: dict[str | None, str | None] = {
        old: None if new == LEFT_OUT else printable(new, _MAX_CLASS_LENGTH)
        for old, new in names.items()
    }
    return [new_names.get(class_name, class_name) for class_name in classes]


def _best_source(
    sources: Sequence[LabelSource], paths: Sequence[str], requested: str | None
) -> tuple[LabelSource | None, list[str | None]]:
    no_classes: list[str | None] = [None] * len(paths)
    if requested is not None:
        key = requested.casefold()
        selected = next((source for source in sources if source.key.casefold() == key), None)
        classes = selected.classes(paths) if selected is not None else None
        return (selected, classes) if classes is not None else (None, no_classes)
    for rank, source in sorted(_ranked(sources), key=lambda ranked: ranked[0]):
        classes = source.classes(paths)
        if classes is None:
            continue
        # A manifest has precedence, even one that says that there are no classes.
        is_listed = rank <= _LISTED_RANKS and (any(classes) or rank == MANIFEST_RANK)
        if is_listed or None not in classes:
            return source, classes
    return None, no_classes


def _ranked(sources: Sequence[LabelSource]) -> list[tuple[int, LabelSource]]:
    return [(source.rank, source) for source in sources if source.rank is not None]


def _choices(
    items: Sequence[Item],
    trees: Mapping[int, Sequence[int]],
    sources: Mapping[int, Sequence[LabelSource]],
    own: OwnLabels,
) -> tuple[LabelChoice, ...]:
    classes_by_key: dict[str, tuple[str, set[str | None]]] = {}
    for tree, indices in trees.items():
        paths = [items[index].path for index in indices]
        for source in sources.get(tree, ()):
            classes = source.classes(paths)
            if classes is not None and any(class_name is not None for class_name in classes):
                classes_by_key.setdefault(source.key, (source.title, set()))[1].update(classes)
    own_classes = {item.class_name for item in items if item.class_name is not None}
    choices = [
        LabelChoice(key, title, len(names - {None}))
        for key, (title, names) in classes_by_key.items()
    ]
    own_choices = [
        LabelChoice(
            key, f"the labels {printable(key, 60)}", len(own_classes) if key in own.used else 0
        )
        for key in own.found
    ]
    return (*choices, *own_choices)


def classes_by_first_rules(items: Sequence[Item]) -> list[str | None] | None:
    """Return the classes by the rules of version 0.1.0: the outermost folders, or array labels."""
    classes: list[str | None] = [item.class_name for item in items]
    trees: dict[int, list[int]] = {}
    for index, item in enumerate(items):
        if item.file is not None:
            trees.setdefault(item.tree, []).append(index)
    for indices in trees.values():
        folder_names = folder_classes([items[index].path for index in indices])
        for position, index in enumerate(indices):
            classes[index] = folder_names[position] if folder_names is not None else None
    if None in classes:
        return None
    return [
        None if class_name is None else printable(class_name, _MAX_CLASS_LENGTH)
        for class_name in classes
    ]
