"""Labels from sidecar files, one per picture, such as ``0001.cls`` in WebDataset shards."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from functools import partial

from ddpm_studio.data.items import File
from ddpm_studio.data.labels.source import LabelSource
from ddpm_studio.errors import printable

CLS = "cls"
_RANK = 3
_SUFFIXES = (".cls", ".json")
_CLS_TEXT = ".cls.txt"
_MAX_BYTES = 2**16
_LABEL_FIELDS = ("label", "class", "cls", "class_name", "category", "target", "y")
_MAX_FIELDS = 50


def sidecar_sources(
    files: Sequence[File], paths: Sequence[str]
) -> tuple[list[LabelSource], set[str]]:
    """Return the label sources of sidecar files, and the names of the files used."""
    sidecars = [
        file
        for file in files
        if file.suffix in _SUFFIXES or file.name.endswith(_CLS_TEXT)
        if file.size <= _MAX_BYTES
    ]
    if not sidecars:
        return [], set()
    pictures = {_key(path) for path in paths}
    values: dict[str, str] = {}
    cls_labels: dict[str, str] = {}
    fields: dict[str, dict[str, str]] = {}
    used: set[str] = set()
    for file in sidecars:
        key = _key(file.name)
        if key not in pictures:
            continue
        try:
            text = file.read(-1).decode("utf-8")
            if file.suffix != ".json":
                label = text.strip()
                cls_labels[key] = values.setdefault(label, label)
            elif isinstance(content := json.loads(text), dict) and "shapes" in content:
                # labelme's annotations, which are read as objects.
                continue
            else:
                _add_fields(fields, key, content)
        except (OSError, ValueError, RecursionError):
            continue
        used.add(file.name)
    sources = []
    if cls_labels:
        sources.append(LabelSource(CLS, "the files .cls", _RANK, partial(_classes, cls_labels)))
    for name, labels in fields.items():
        if _are_classes(labels):
            is_certain = name.casefold() in _LABEL_FIELDS and not cls_labels
            title = f"{printable(name, 60)} in the files .json"
            rank = _RANK if is_certain else None
            sources.append(LabelSource(f"json:{name}", title, rank, partial(_classes, labels)))
    return sources, used


def _add_fields(fields: dict[str, dict[str, str]], key: str, content: object) -> None:
    if not isinstance(content, dict):
        return
    for name, value in content.items():
        if isinstance(value, str | int | bool) and (name in fields or len(fields) < _MAX_FIELDS):
            fields.setdefault(str(name), {})[key] = str(value)


def _are_classes(labels: dict[str, str]) -> bool:
    counts = Counter(labels.values())
    return 1 < len(counts) <= max(2, len(labels) // 2)


def _key(path: str) -> str:
    """Return WebDataset's grouping key of a file: its path up to the first dot of the name."""
    folder, slash, name = path.rpartition("/")
    return folder + slash + name.partition(".")[0]


def _classes(labels: dict[str, str], paths: Sequence[str]) -> list[str | None] | None:
    return [labels.get(_key(path)) for path in paths]
