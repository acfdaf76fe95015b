"""All places in a tree that may say classes."""

from __future__ import annotations

from collections.abc import Sequence

from ddpm_studio.data.items import File
from ddpm_studio.data.labels.folders import folder_sources
from ddpm_studio.data.labels.manifests import manifest_sources
from ddpm_studio.data.labels.names import name_sources
from ddpm_studio.data.labels.sidecars import sidecar_sources
from ddpm_studio.data.labels.source import LabelSource
from ddpm_studio.data.labels.tables import table_sources


def label_sources(
    files: Sequence[File], paths: Sequence[str]
) -> tuple[list[LabelSource], set[str], list[str]]:
    """Return what may say the classes of pictures, which files say it, and warnings.

    Args:
        files: of the tree.
        paths: of its pictures.
    """
    found, used, warnings = manifest_sources(files)
    others = [file for file in files if file.name not in used] if used else files
    tables, table_files = table_sources(others, paths)
    sidecars, sidecar_files = sidecar_sources(others, paths)
    found += [*tables, *sidecars, *folder_sources(paths), *name_sources(paths)]
    return found, used | table_files | sidecar_files, warnings
