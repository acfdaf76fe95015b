"""Labels from a manifest: ``dataset.json`` of StyleGAN and EDM.

The format: https://github.com/NVlabs/edm, ``dataset_tool.py``:
{"labels": [["00000/img00000000.png", 3], …]}
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import partial

from ddpm_studio.data.items import File
from ddpm_studio.data.labels.source import LabelSource

DATASET_JSON = "dataset.json"
#: Precedes all other sources.
MANIFEST_RANK = 1
_MAX_BYTES = 256 * 2**20


def manifest_sources(files: Sequence[File]) -> tuple[list[LabelSource], set[str], list[str]]:
    """Return the label source of a ``dataset.json``, the names of the files used, and warnings.

    A manifest without labels means that there are no classes: its numbered folders are none.
    """
    for file in files:
        folder, _, name = file.name.rpartition("/")
        if name != DATASET_JSON:
            continue
        try:
            if file.size > _MAX_BYTES:
                raise ValueError("it is too long")
            labels = _labels(json.loads(file.read(-1)), f"{folder}/" if folder else "")
        except (OSError, ValueError, RecursionError, TypeError) as error:
            reason = str(error)[:80] or type(error).__name__
            return [], set(), [f"{file.name} is not read as labels: {reason}."]
        classes = partial(_classes, labels)
        return [LabelSource(DATASET_JSON, DATASET_JSON, MANIFEST_RANK, classes)], {file.name}, []
    return [], set(), []


def _labels(content: object, folder: str) -> dict[str, str]:
    if not isinstance(content, dict) or "labels" not in content:
        raise ValueError("it has no labels")
    pairs = content["labels"]
    if pairs is None:
        return {}
    if isinstance(pairs, dict):
        pairs = list(pairs.items())
    if not isinstance(pairs, list):
        raise ValueError("its labels are no list")
    labels = {}
    for pair in pairs:
        if not isinstance(pair, list | tuple) or len(pair) != 2:
            raise ValueError("a label is no pair of a file and a class")
        labels[folder + str(pair[0]).replace("\\", "/").removeprefix("./")] = _class_name(pair[1])
    return labels


def _class_name(label: object) -> str:
    if isinstance(label, list) and all(isinstance(entry, int | float) for entry in label) and label:
        return str(max(range(len(label)), key=lambda index: label[index]))
    if isinstance(label, bool | int | str):
        return str(label)
    if isinstance(label, float) and label.is_integer():
        return str(int(label))
    raise ValueError("a label is no class")


def _classes(labels: dict[str, str], paths: Sequence[str]) -> list[str | None] | None:
    return [labels.get(path) for path in paths]
