"""Label sources of a tree, of all kinds: manifest, tables, sidecars, objects, folders, names."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from ddpm_studio.data.items import File
from ddpm_studio.data.labels.folders import SplitFolders, folder_sources
from ddpm_studio.data.labels.manifests import manifest_sources
from ddpm_studio.data.labels.names import name_sources
from ddpm_studio.data.labels.objects import object_sources
from ddpm_studio.data.labels.sidecars import sidecar_sources
from ddpm_studio.data.labels.source import LabelSource
from ddpm_studio.data.labels.tables import table_sources


class TreeSources(NamedTuple):
    """The label sources of a tree.

    Attributes:
        found: the sources.
        used: the names of the files that they come from.
        warnings: warnings about manifests that can't be read.
        notes: notes on tables, annotations and folders that are not used, and why.
    """

    found: list[LabelSource]
    used: set[str]
    warnings: list[str]
    notes: list[str]


def label_sources(
    files: Sequence[File], paths: Sequence[str], tree_splits: SplitFolders
) -> TreeSources:
    """Return the label sources of a tree.

    Args:
        files: the files of the tree.
        paths: the paths of its pictures that are read.
        tree_splits: the split folders of the tree.
    """
    sources, used, warnings = manifest_sources(files)
    others = [file for file in files if file.name not in used] if used else files
    sidecars, sidecar_files = sidecar_sources(others, paths)
    if sidecar_files:
        others = [file for file in others if file.name not in sidecar_files]
    objects, object_files, object_notes = object_sources(others, paths)
    if object_files:
        others = [file for file in others if file.name not in object_files]
    tables, table_files, notes = table_sources(others, paths)
    folders, folder_notes = folder_sources(paths, tree_splits)
    notes += [*object_notes, *folder_notes]
    sources += [*tables, *sidecars, *objects, *folders, *name_sources(paths)]
    used |= table_files | sidecar_files | object_files
    return TreeSources(sources, used, warnings, notes)


def companion_sources(
    files: Sequence[File], paths: Sequence[str]
) -> tuple[list[LabelSource], set[str], list[str]]:
    """Return the label sources of tables and annotations next to an archive of pictures.

    Returns:
        The sources, the names of the files used, and notes for the report.
    """
    if not files:
        return [], set(), []
    objects, object_files, object_notes = object_sources(files, paths)
    others = [file for file in files if file.name not in object_files]
    tables, table_files, notes = table_sources(others, paths)
    return [*tables, *objects], object_files | table_files, [*object_notes, *notes]
