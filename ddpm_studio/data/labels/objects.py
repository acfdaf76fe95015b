"""Classes by the objects that annotations mark in each picture: COCO, Pascal VOC, YOLO, labelme.

Where each picture has objects of one class alone, that is its class; else the class of the largest
may be asked for.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from functools import partial

from ddpm_studio.data.items import File
from ddpm_studio.data.labels.source import LabelSource
from ddpm_studio.data.labels.tables import PictureNames
from ddpm_studio.errors import plain

OBJECTS = "objects"
_RANK = 3
_MOST_BYTES, _MOST_BESIDE = 512 << 20, 1 << 20
_OBJECT = re.compile(r"<object>(.*?)</object>", re.DOTALL)
_NAME = re.compile(r"<name>\s*([^<]*?)\s*</name>")
_BOX = re.compile(r"<(xmin|ymin|xmax|ymax)>\s*([0-9.]+)\s*<")
_YOLO_LINE = re.compile(r"\d{1,5}(?: +-?\d*\.?\d+(?:e-?\d+)?){4,}")

#: Of a picture the size of what it has of each class.
_Sizes = dict[str, float]


def object_sources(
    files: Sequence[File], paths: Sequence[str]
) -> tuple[list[LabelSource], set[str], list[str]]:
    """Return the classes that annotations of objects say, which files these are, and what to tell.

    Args:
        files: of the tree.
        paths: of its pictures.
    """
    names = PictureNames(paths)
    found: dict[str, _Sizes] = {}
    used: list[str] = []
    for file in files:
        reader = _READERS.get(file.suffix)
        limit = _MOST_BYTES if file.suffix == ".json" else _MOST_BESIDE
        if reader is None or not 0 < file.size <= limit:
            continue
        try:
            told = reader(file)
        except (OSError, ValueError, RecursionError, TypeError, AttributeError):
            continue
        folder = file.name.rpartition("/")[0]
        in_file = {names.path_of(f"{folder}/" if folder else "", key): key for key in told}
        in_file.pop(None, None)
        for path, key in in_file.items():
            if path is not None:
                sizes = found.setdefault(path, {})
                for one, size in told[key].items():
                    sizes[one] = sizes.get(one, 0.0) + size
        if in_file:
            used.append(file.name)
    if not found:
        return [], set(), []
    where = plain(used[0], 80) if len(used) == 1 else f"{len(used):,} files of annotations"
    classes = {
        path: max(sizes, key=lambda one: sizes[one]) for path, sizes in found.items() if sizes
    }
    several = sum(len(sizes) > 1 for sizes in found.values())
    missing = sum(path not in classes for path in paths)
    sure = not several and not missing and len(set(classes.values())) > 1
    lines = []
    if not sure:
        lines.append(
            f"{where}: objects of {len({one for sizes in found.values() for one in sizes}):,} "
            f"classes; {several:,} pictures have several, {missing:,} none; --labels {OBJECTS} "
            "takes the class of the largest in each."
        )
    title = f"the objects in {where}"
    rank = _RANK if sure else None
    return [LabelSource(OBJECTS, title, rank, partial(_classes, classes))], set(used), lines


def _coco(file: File) -> dict[str, _Sizes]:
    """Return the objects by the names of pictures, of COCO's lists, or of labelme's file."""
    if b'"' not in file.read(512):
        return {}
    told = json.loads(file.read(-1))
    if not isinstance(told, dict):
        return {}
    if isinstance(told.get("shapes"), list) and isinstance(told.get("imagePath"), str):
        labels = [str(one["label"]) for one in told["shapes"]]
        return {told["imagePath"]: {label: float(labels.count(label)) for label in labels}}
    if not all(isinstance(told.get(key), list) for key in ("images", "annotations", "categories")):
        return {}
    categories = {one["id"]: str(one.get("name", one["id"])) for one in told["categories"]}
    pictures = {one["id"]: str(one["file_name"]) for one in told["images"] if "file_name" in one}
    found: dict[str, _Sizes] = {name: {} for name in pictures.values()}
    for one in told["annotations"]:
        name, category = pictures.get(one.get("image_id")), categories.get(one.get("category_id"))
        if name is None or category is None:
            continue
        box = one.get("bbox") or (0, 0, 1, 1)
        size = float(one.get("area") or box[2] * box[3] or 1)
        found[name][category] = found[name].get(category, 0.0) + size
    return found


def _voc(file: File) -> dict[str, _Sizes]:
    """Return the objects in a file of Pascal VOC; it is not parsed as XML, which can do harm."""
    text = file.read(-1).decode("utf-8")
    if "<annotation" not in text[:512]:
        return {}
    sizes: _Sizes = {}
    for match in _OBJECT.finditer(text):
        name = _NAME.search(match[1])
        edges = {key: float(value) for key, value in _BOX.findall(match[1])}
        size = 1.0
        if len(edges) == 4:
            size = (edges["xmax"] - edges["xmin"]) * (edges["ymax"] - edges["ymin"])
        if name is not None and name[1]:
            sizes[name[1]] = sizes.get(name[1], 0.0) + max(size, 1e-6)
    return {_stem(file): sizes}


def _yolo(file: File) -> dict[str, _Sizes]:
    """Return the objects in a file of YOLO: class, centre, width and height, or an outline."""
    lines = file.read(-1).decode("ascii").split("\n")
    rows = [line.strip() for line in lines if line.strip()]
    if not rows or not all(map(_YOLO_LINE.fullmatch, rows)):
        return {}
    sizes: _Sizes = {}
    for row in rows:
        number, *values = row.split()
        wide, high = (float(values[2]), float(values[3])) if len(values) == 4 else (1.0, 1.0)
        sizes[number] = sizes.get(number, 0.0) + max(wide * high, 1e-6)
    return {_stem(file): sizes}


def _stem(file: File) -> str:
    return file.name.rpartition("/")[2].rpartition(".")[0]


_READERS: Mapping[str, Callable[[File], dict[str, _Sizes]]] = {
    ".json": _coco,
    ".xml": _voc,
    ".txt": _yolo,
}


def _classes(known: Mapping[str, str], paths: Sequence[str]) -> list[str | None] | None:
    return [known.get(path) for path in paths]
