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
_MAX_BYTES, _MAX_SIDECAR_BYTES = 512 << 20, 1 << 20
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
    return _MAX_BYTES if file.suffix == ".json" else _MAX_SIDECAR_BYTES


def object_sources(
    files: Sequence[File], paths: Sequence[str]
) -> tuple[list[LabelSource], set[str], list[str]]:
    """Return the label source of object annotations, the names of the files used, and notes.

    Args:
        files: the files of the tree.
        paths: the paths of its pictures.
    """
    annotation_files = [
        file for file in files if file.suffix in _READERS and 0 < file.size <= _max_bytes(file)
    ]
    if not annotation_files:
        return [], set(), []
    names = PictureNames(paths)
    areas_by_path: dict[str, _Areas] = {}
    used: list[str] = []
    notes: list[str] = []
    for file in annotation_files:
        try:
            areas_by_name = _READERS[file.suffix](file)
        except _UnsupportedAnnotationsError as error:
            if len(notes) < _MAX_NOTES:
                notes.append(f"{printable(file.name, 80)} is not read as labels: it is {error}.")
            continue
        except _PARSE_ERRORS:
            continue
        folder = file.name.rpartition("/")[0]
        keys_by_path = {
            names.path_of(f"{folder}/" if folder else "", key): key for key in areas_by_name
        }
        keys_by_path.pop(None, None)
        for path, key in keys_by_path.items():
            if path is not None:
                areas = areas_by_path.setdefault(path, {})
                for class_, area in areas_by_name[key].items():
                    areas[class_] = areas.get(class_, 0.0) + area
        if keys_by_path:
            used.append(file.name)
    if not areas_by_path:
        return [], set(), notes
    source = printable(used[0], 80) if len(used) == 1 else f"{len(used):,} files of annotations"
    classes = {
        path: max(areas, key=lambda class_: areas[class_])
        for path, areas in areas_by_path.items()
        if areas
    }
    several_count = sum(len(areas) > 1 for areas in areas_by_path.values())
    missing_count = sum(path not in classes for path in paths)
    is_certain = not several_count and not missing_count and len(set(classes.values())) > 1
    if not is_certain:
        count = len({class_ for areas in areas_by_path.values() for class_ in areas})
        pictures = "1 picture has" if several_count == 1 else f"{several_count:,} pictures have"
        notes.append(
            f"{source}: objects of {format_count(count, 'class', 'classes')}; {pictures} several, "
            f"{missing_count:,} none; --labels {OBJECTS} takes the class of the largest in each."
        )
    title = f"the objects in {source}"
    rank = _RANK if is_certain else None
    return [LabelSource(OBJECTS, title, rank, partial(_classes, classes))], set(used), notes


class _UnsupportedAnnotationsError(ValueError):
    """Raised for annotations that can't be read, or of an unsupported program; says which."""


def _coco(file: File) -> dict[str, _Areas]:
    """Return the area of each class by picture name, from JSON of COCO, labelme or Create ML."""
    head = file.read(HEAD_BYTES)
    if b'"' not in head:
        if (placeholder := detect_placeholder(head, file.size)) is not None:
            raise _UnsupportedAnnotationsError(placeholder.reason)
        return {}
    try:
        content = json.loads(file.read(-1))
    except json.JSONDecodeError as error:
        placeholder = detect_placeholder(head, file.size)
        raise _UnsupportedAnnotationsError(
            placeholder.reason if placeholder else f"damaged: {error}"
        ) from error
    if (program := _unsupported_exporter(content)) is not None:
        raise _UnsupportedAnnotationsError(f"an export of {program}: {_EXPORT_REMEDY}")
    if isinstance(content, list):
        return _create_ml(content)
    if not isinstance(content, dict):
        return {}
    if isinstance(content.get("shapes"), list) and isinstance(content.get("imagePath"), str):
        shapes = [
            (str(entry["label"]), _outline_area(entry.get("points") or ()))
            for entry in content["shapes"]
        ]
        return {content["imagePath"]: _sum_areas(shapes)}
    if not all(
        isinstance(content.get(key), list) for key in ("images", "annotations", "categories")
    ):
        return {}
    categories = {
        entry["id"]: str(entry.get("name", entry["id"])) for entry in content["categories"]
    }
    pictures = {
        entry["id"]: str(entry["file_name"]) for entry in content["images"] if "file_name" in entry
    }
    areas_by_name: dict[str, _Areas] = {name: {} for name in pictures.values()}
    for entry in content["annotations"]:
        name = pictures.get(entry.get("image_id"))
        category = categories.get(entry.get("category_id"))
        if name is None or category is None:
            continue
        box = entry.get("bbox") or (0, 0, 1, 1)
        area = float(entry.get("area") or float(box[2]) * float(box[3]) or 1)
        areas_by_name[name][category] = areas_by_name[name].get(category, 0.0) + area
    return areas_by_name


def _unsupported_exporter(content: object) -> str | None:
    """Return the program whose unsupported annotation format this is; None if unknown."""
    entry = next(iter(content), None) if isinstance(content, list) else None
    if isinstance(entry, dict) and isinstance(entry.get("data"), dict):
        return "Label Studio" if entry.keys() & {"annotations", "completions"} else None
    if isinstance(content, dict):
        candidates = [content, *islice(content.values(), 1)]
        if any(isinstance(value, dict) and value.keys() & _VIA_KEYS for value in candidates):
            return "the VGG Image Annotator"
    return None


def _create_ml(content: Sequence[Any]) -> dict[str, _Areas]:
    """Return the areas from Create ML: [{"image": …, "annotations": [{"label": …}]}]."""
    areas_by_name: dict[str, _Areas] = {}
    for entry in content:
        name = entry.get("image", entry.get("imagefilename"))
        annotations = entry.get("annotations", entry.get("annotation"))
        if not isinstance(name, str) or not isinstance(annotations, list):
            return {}
        boxes = (
            (str(annotation["label"]), annotation["coordinates"]) for annotation in annotations
        )
        areas_by_name[name] = _sum_areas(
            (label, float(box["width"]) * float(box["height"])) for label, box in boxes
        )
    return areas_by_name


def _voc(file: File) -> dict[str, _Areas]:
    """Return the areas from a Pascal VOC file, without an XML parser, which can be attacked."""
    text = file.read(-1).decode("utf-8")
    if "<annotations>" in text[:512] and "<image " in text:
        raise _UnsupportedAnnotationsError(f"an export of CVAT: {_EXPORT_REMEDY}")
    if "<annotation" not in text[:512]:
        return {}
    return {_stem(file): _sum_areas(filter(None, map(_voc_object, text.split("<object>")[1:])))}


def _voc_object(text: str) -> tuple[str, float] | None:
    """Return class and area of an object, from the text after its opening tag."""
    content, end, _ = text.partition("</object>")
    # Parts of the object, such as a person's head, have names and boxes of their own.
    content = content.partition("<part>")[0]
    name = _NAME.search(content)
    if not end or name is None or not name[1].strip():
        return None
    edges = {key: float(value) for key, value in _BOX.findall(content)}
    area = 1.0
    if len(edges) == 4:
        area = (edges["xmax"] - edges["xmin"]) * (edges["ymax"] - edges["ymin"])
    return name[1].strip(), area


def _yolo(file: File) -> dict[str, _Areas]:
    """Return the areas from a YOLO file: lines of class, centre, width, height, or a polygon."""
    lines = file.read(-1).decode("ascii").split("\n")
    objects = [_yolo_object(line.split()) for line in lines if line.strip()]
    if not objects or None in objects:
        return {}
    return {_stem(file): _sum_areas(filter(None, objects))}


def _yolo_object(fields: Sequence[str]) -> tuple[str, float] | None:
    number, *values = fields
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
    next_corners = [*corners[1:], *corners[:1]]
    return abs(sum(x * w - y * v for (x, y), (v, w) in zip(corners, next_corners, strict=True))) / 2


def _sum_areas(objects: Iterable[tuple[str, float]]) -> _Areas:
    """Return the total area of each class; areas are at least 1e-6, non-finite ones count as 1."""
    areas: _Areas = {}
    for name, area in objects:
        areas[name] = areas.get(name, 0.0) + (max(area, 1e-6) if math.isfinite(area) else 1.0)
    return areas


def _stem(file: File) -> str:
    return file.name.rpartition("/")[2].rpartition(".")[0]


_READERS: Mapping[str, Callable[[File], dict[str, _Areas]]] = {
    ".json": _coco,
    ".xml": _voc,
    ".txt": _yolo,
}


def _classes(classes: Mapping[str, str], paths: Sequence[str]) -> list[str | None] | None:
    return [classes.get(path) for path in paths]
