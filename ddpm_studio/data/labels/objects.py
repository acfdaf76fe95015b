"""Labels from object annotations (object detection): COCO, Pascal VOC, YOLO and others.

labelme's and Create ML's files are read too; exports of some other programs are recognised, and
rejected by name. If each picture has objects of a single class, that is its class; otherwise the
class of the largest object can be asked for.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from itertools import islice
from typing import Any

from ddpm_studio.data.items import File
from ddpm_studio.data.labels.source import LabelSource
from ddpm_studio.data.labels.tables import PictureNames
from ddpm_studio.durations import format_count
from ddpm_studio.errors import printable
from ddpm_studio.placeholders import HEAD_BYTES, detect_placeholder

OBJECTS = "objects"
_RANK = 3
_MAX_BYTES, _MAX_BESIDE = 512 << 20, 1 << 20
# Largest number of unreadable files to report.
_MAX_NOTES = 3
# Each of these takes linear time, whatever the text.
_NAME = re.compile(r"<name>([^<]*)</name>")
_BOX = re.compile(r"<(xmin|ymin|xmax|ymax)>\s*([0-9.]{1,40})\s*<")
_YOLO_CLASS = re.compile(r"\d{1,5}")
_YOLO_NUMBER = re.compile(r"-?\d{0,9}\.?\d{1,20}(?:e-?\d{1,3})?")

_EXPORT_REMEDY = "export it as COCO or Pascal VOC"
_VIA_KEYS = frozenset(("_via_img_metadata", "file_attributes"))

# Exceptions that the readers raise on files of other kinds.
_PARSE_ERRORS = (
    *(OSError, ValueError, TypeError, AttributeError),
    *(LookupError, ArithmeticError, RecursionError),
)

#: Total area of a picture's objects, by class.
_Areas = dict[str, float]


def _max_bytes(file: File) -> int:
    return _MAX_BYTES if file.suffix == ".json" else _MAX_BESIDE


def object_sources(
    files: Sequence[File], paths: Sequence[str]
) -> tuple[list[LabelSource], set[str], list[str]]:
    """Return the label source of object annotations, the names of the files used, and notes.

    Args:
        files: the files of the tree.
        paths: the paths of its pictures.
    """
    marked = [
        file for file in files if file.suffix in _READERS and 0 < file.size <= _max_bytes(file)
    ]
    if not marked:
        return [], set(), []
    names = PictureNames(paths)
    found: dict[str, _Areas] = {}
    used: list[str] = []
    lines: list[str] = []
    for file in marked:
        try:
            content = _READERS[file.suffix](file)
        except _UnsupportedAnnotationsError as error:
            if len(lines) < _MAX_NOTES:
                lines.append(f"{printable(file.name, 80)} is not read as labels: it is {error}.")
            continue
        except _PARSE_ERRORS:
            continue
        folder = file.name.rpartition("/")[0]
        in_file = {names.path_of(f"{folder}/" if folder else "", key): key for key in content}
        in_file.pop(None, None)
        for path, key in in_file.items():
            if path is not None:
                sizes = found.setdefault(path, {})
                for one, size in content[key].items():
                    sizes[one] = sizes.get(one, 0.0) + size
        if in_file:
            used.append(file.name)
    if not found:
        return [], set(), lines
    where = printable(used[0], 80) if len(used) == 1 else f"{len(used):,} files of annotations"
    classes = {
        path: max(sizes, key=lambda one: sizes[one]) for path, sizes in found.items() if sizes
    }
    several = sum(len(sizes) > 1 for sizes in found.values())
    missing = sum(path not in classes for path in paths)
    sure = not several and not missing and len(set(classes.values())) > 1
    if not sure:
        kinds = len({one for sizes in found.values() for one in sizes})
        have = "1 picture has" if several == 1 else f"{several:,} pictures have"
        lines.append(
            f"{where}: objects of {format_count(kinds, 'class', 'classes')}; {have} several, "
            f"{missing:,} none; --labels {OBJECTS} takes the class of the largest in each."
        )
    title = f"the objects in {where}"
    rank = _RANK if sure else None
    return [LabelSource(OBJECTS, title, rank, partial(_classes, classes))], set(used), lines


class _UnsupportedAnnotationsError(ValueError):
    """Raised for annotations that can't be read, or of an unsupported program; says which."""


def _coco(file: File) -> dict[str, _Areas]:
    """Return the area of each class by picture name, from JSON of COCO, labelme or Create ML."""
    head = file.read(HEAD_BYTES)
    if b'"' not in head:
        if (instead := detect_placeholder(head, file.size)) is not None:
            raise _UnsupportedAnnotationsError(instead.reason)
        return {}
    try:
        content = json.loads(file.read(-1))
    except json.JSONDecodeError as error:
        instead = detect_placeholder(head, file.size)
        raise _UnsupportedAnnotationsError(
            instead.reason if instead else f"damaged: {error}"
        ) from error
    if (program := _unsupported_exporter(content)) is not None:
        raise _UnsupportedAnnotationsError(f"an export of {program}: {_EXPORT_REMEDY}")
    if isinstance(content, list):
        return _create_ml(content)
    if not isinstance(content, dict):
        return {}
    if isinstance(content.get("shapes"), list) and isinstance(content.get("imagePath"), str):
        shapes = [
            (str(one["label"]), _outline_area(one.get("points") or ())) for one in content["shapes"]
        ]
        return {content["imagePath"]: _sum_areas(shapes)}
    if not all(
        isinstance(content.get(key), list) for key in ("images", "annotations", "categories")
    ):
        return {}
    categories = {one["id"]: str(one.get("name", one["id"])) for one in content["categories"]}
    pictures = {one["id"]: str(one["file_name"]) for one in content["images"] if "file_name" in one}
    found: dict[str, _Areas] = {name: {} for name in pictures.values()}
    for one in content["annotations"]:
        name, category = pictures.get(one.get("image_id")), categories.get(one.get("category_id"))
        if name is None or category is None:
            continue
        box = one.get("bbox") or (0, 0, 1, 1)
        size = float(one.get("area") or float(box[2]) * float(box[3]) or 1)
        found[name][category] = found[name].get(category, 0.0) + size
    return found


def _unsupported_exporter(content: object) -> str | None:
    """Return the program whose unsupported annotation format this is; None if unknown."""
    one = next(iter(content), None) if isinstance(content, list) else None
    if isinstance(one, dict) and isinstance(one.get("data"), dict):
        return "Label Studio" if one.keys() & {"annotations", "completions"} else None
    if isinstance(content, dict):
        marked = [content, *islice(content.values(), 1)]
        if any(isinstance(one, dict) and one.keys() & _VIA_KEYS for one in marked):
            return "the VGG Image Annotator"
    return None


def _create_ml(content: Sequence[Any]) -> dict[str, _Areas]:
    """Return the areas from Create ML: [{"image": …, "annotations": [{"label": …}]}]."""
    found: dict[str, _Areas] = {}
    for one in content:
        name = one.get("image", one.get("imagefilename"))
        marked = one.get("annotations", one.get("annotation"))
        if not isinstance(name, str) or not isinstance(marked, list):
            return {}
        boxes = ((str(each["label"]), each["coordinates"]) for each in marked)
        found[name] = _sum_areas(
            (label, float(box["width"]) * float(box["height"])) for label, box in boxes
        )
    return found


def _voc(file: File) -> dict[str, _Areas]:
    """Return the areas from a Pascal VOC file, without an XML parser, which can be attacked."""
    text = file.read(-1).decode("utf-8")
    if "<annotations>" in text[:512] and "<image " in text:
        raise _UnsupportedAnnotationsError(f"an export of CVAT: {_EXPORT_REMEDY}")
    if "<annotation" not in text[:512]:
        return {}
    return {_stem(file): _sum_areas(filter(None, map(_voc_object, text.split("<object>")[1:])))}


def _voc_object(piece: str) -> tuple[str, float] | None:
    """Return class and area of an object, from the text after its opening tag."""
    inner, end, _ = piece.partition("</object>")
    # Parts of the object, such as a person's head, have names and boxes of their own.
    inner = inner.partition("<part>")[0]
    name = _NAME.search(inner)
    if not end or name is None or not name[1].strip():
        return None
    edges = {key: float(value) for key, value in _BOX.findall(inner)}
    size = 1.0
    if len(edges) == 4:
        size = (edges["xmax"] - edges["xmin"]) * (edges["ymax"] - edges["ymin"])
    return name[1].strip(), size


def _yolo(file: File) -> dict[str, _Areas]:
    """Return the areas from a YOLO file: lines of class, centre, width, height, or a polygon."""
    lines = file.read(-1).decode("ascii").split("\n")
    found = [_yolo_object(line.split()) for line in lines if line.strip()]
    if not found or None in found:
        return {}
    return {_stem(file): _sum_areas(filter(None, found))}


def _yolo_object(row: Sequence[str]) -> tuple[str, float] | None:
    number, *values = row
    if not _YOLO_CLASS.fullmatch(number) or len(values) < 4:
        return None
    if not all(map(_YOLO_NUMBER.fullmatch, values)):
        return None
    numbers = [float(value) for value in values]
    # A fifth number is the confidence of a detector.
    if len(numbers) <= 5:
        return number, numbers[2] * numbers[3]
    return number, _outline_area(list(zip(numbers[::2], numbers[1::2], strict=False)))


def _outline_area(points: Sequence[Sequence[float]]) -> float:
    """Return the area of a polygon (shoelace formula), or of a box given by two corners."""
    corners = [(float(x), float(y)) for x, y in points]
    if len(corners) == 2:
        (left, top), (right, bottom) = corners
        return abs((right - left) * (bottom - top))
    turned = [*corners[1:], *corners[:1]]
    return abs(sum(x * w - y * v for (x, y), (v, w) in zip(corners, turned, strict=True))) / 2


def _sum_areas(objects: Iterable[tuple[str, float]]) -> _Areas:
    """Return the total area of each class; areas are at least 1e-6, non-finite ones count as 1."""
    sizes: _Areas = {}
    for name, size in objects:
        sizes[name] = sizes.get(name, 0.0) + (max(size, 1e-6) if math.isfinite(size) else 1.0)
    return sizes


def _stem(file: File) -> str:
    return file.name.rpartition("/")[2].rpartition(".")[0]


_READERS: Mapping[str, Callable[[File], dict[str, _Areas]]] = {
    ".json": _coco,
    ".xml": _voc,
    ".txt": _yolo,
}


def _classes(known: Mapping[str, str], paths: Sequence[str]) -> list[str | None] | None:
    return [known.get(path) for path in paths]
