"""Class names for numbered or coded classes: ``classes.txt``, ``label_names`` and similar files.

A plain list starts with class 0; lines that begin with numbers or WordNet IDs, and mappings between
names and numbers in either direction, such as torchvision's ``class_to_idx``, give the class of
each name. Data sets for YOLO have the names in a YAML file.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice

from ddpm_studio.data.items import File
from ddpm_studio.data.labels.yaml_names import SUFFIXES as YAML_SUFFIXES
from ddpm_studio.data.labels.yaml_names import yaml_names
from ddpm_studio.errors import printable

_STEM = re.compile(
    r"(?:imagenet_?)?(?:class(?:es)?|label|target|category|categor(?:y|ies)|id|idx|index)?_?-?"
    r"(?:names?|classes|labels|categories|map|mapping|index|indices|to_?idx|to_?id|to_?label|"
    r"to_?name|to_?class|idx_to_class|class_index)|\w{1,60}_map(?:ping)?|class_?dict|sign_?names",
    re.IGNORECASE,
)
_WORDNET = frozenset(("words", "synsets", "synset_words", "loc_synset_mapping", "map_clsloc"))
_CSV = ".csv"
_SUFFIXES = (".txt", ".json", ".names", _CSV)
_NUMBERED = re.compile(r"(\d{1,6}|n\d{8})[\s,:;=]+(\S.*)")
_NUMBER_LAST = re.compile(r"(\S.*?)[\s,:;=]+(\d{1,6})")
_KEYS = ("names", "classes", "class_names", "label_names", "class_to_idx", "labels", "id2label")
_MAX_BYTES, _MAX_NAMES, _MAX_NAME_LENGTH = 8 << 20, 100_000, 100
# There may be a YAML file for every picture; the outermost files describe the set.
_MAX_YAML = 20


@dataclass
class ClassNames:
    """Class names by the number or code of each class.

    Args:
        names: the name of each class.
        counted: whether they come from a plain list, so that classes may start from 0 or from 1.
        title: where they come from; empty if there are none.
    """

    names: dict[str, str] = field(default_factory=dict)
    counted: bool = False
    title: str = ""

    def of(self, classes: Iterable[str]) -> dict[str, str]:
        """Return the name of each of these classes; empty unless every class has a name.

        Classes that share a name get their number appended.
        """
        requested = set(classes)
        keys = {class_: _key(class_) for class_ in requested}
        if not requested or not self.names:
            return {}
        names = {class_: self.names.get(key, "") for class_, key in keys.items()}
        starts_at_one = self.counted and set(keys.values()) == {
            str(number) for number in range(1, len(self.names) + 1)
        }
        if starts_at_one:
            names = {class_: self.names[str(int(key) - 1)] for class_, key in keys.items()}
        if not all(names.values()):
            return {}
        counts = Counter(names.values())
        return {
            class_: name if counts[name] == 1 else f"{name} ({class_})"
            for class_, name in names.items()
        }


def parse_class_names(value: object, title: str) -> ClassNames | None:
    """Return the class names in parsed data; None if there are none.

    Args:
        value: a list of strings, a mapping between numbers and strings, or a mapping with one of
            these under a usual key.
        title: where the data come from.
    """
    if isinstance(value, Mapping) and (inner := next((k for k in _KEYS if k in value), None)):
        return parse_class_names(value[inner], title)
    if isinstance(value, Mapping) and 0 < len(value) <= _MAX_NAMES:
        names = _names_from_mapping(value)
        return ClassNames(names, title=title) if names else None
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        texts = [_text(entry) for entry in value]
        if 1 < len(texts) <= _MAX_NAMES and all(texts) and len(set(texts)) == len(texts):
            names_by_number = {str(number): str(text) for number, text in enumerate(texts)}
            return ClassNames(names_by_number, counted=True, title=title)
    return None


def find_class_names(files: Sequence[File]) -> tuple[ClassNames, set[str]]:
    """Return the class names from the outermost file of names in a tree, and that file's name."""
    yaml_files = sorted(
        (file for file in files if file.suffix in YAML_SUFFIXES), key=_outermost_first
    )
    candidates = [
        file for file in files if file.suffix in _SUFFIXES and _has_class_names_name(file.name)
    ]
    for file in sorted([*candidates, *yaml_files[:_MAX_YAML]], key=_outermost_first):
        try:
            text = file.read(-1).decode("utf-8-sig") if file.size <= _MAX_BYTES else ""
            title = printable(file.name, 80)
            found = parse_class_names(_parse_names(file.suffix, text), title)
        except (OSError, ValueError, RecursionError):
            continue
        if found is not None:
            return found, {file.name}
    return ClassNames(), set()


def is_class_names_file(file: File) -> bool:
    """Whether a CSV file lists class names rather than labels of pictures."""
    try:
        text = file.read(-1).decode("utf-8-sig") if file.size <= _MAX_BYTES else ""
    except (OSError, ValueError):
        return False
    return file.suffix == _CSV and _has_class_names_name(file.name) and bool(_names_from_csv(text))


def _outermost_first(file: File) -> tuple[int, str]:
    return file.name.count("/"), file.name


def _has_class_names_name(name: str) -> bool:
    stem = name.rpartition("/")[2].rpartition(".")[0].casefold()
    suffix = name.rpartition(".")[2].casefold()
    return suffix == "names" or stem in _WORDNET or _STEM.fullmatch(stem) is not None


def _parse_names(suffix: str, text: str) -> object:
    if suffix in YAML_SUFFIXES:
        return yaml_names(text)
    if suffix == _CSV:
        return _names_from_csv(text)
    return json.loads(text) if suffix == ".json" else _parse_lines(text)


def _parse_lines(text: str) -> object:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    # Longer lines hold no names, and the regular expressions below would take for ever on them.
    if any(len(line) > 10 * _MAX_NAME_LENGTH for line in lines):
        return None
    for pattern, key, name in ((_NUMBERED, 1, 2), (_NUMBER_LAST, 2, 1)):
        matches = [pattern.fullmatch(line) for line in lines]
        if lines and all(matches):
            names_by_key = {match[key]: match[name] for match in matches if match}
            return names_by_key if len(names_by_key) == len(lines) else None
    return lines


def _names_from_csv(text: str) -> dict[str, str]:
    """Return number → name from a CSV with a header: its first columns of numbers and of text."""
    try:
        rows = [row for row in islice(csv.reader(io.StringIO(text)), _MAX_NAMES + 1) if row][1:]
    except csv.Error:
        return {}
    numbers: list[list[str]] = []
    names: list[list[str]] = []
    for column in zip(*rows, strict=False):
        cells = [cell.strip() for cell in column]
        if len(set(cells)) == len(rows) > 1 and all(cells):
            (numbers if all(map(str.isdecimal, cells)) else names).append(cells)
    return dict(zip(numbers[0], names[0], strict=True)) if numbers and names else {}


def _names_from_mapping(value: Mapping[object, object]) -> dict[str, str]:
    """Return class → name from a mapping in either direction; empty if it is something else."""
    if all(type(entry) is int for entry in value.values()):
        names_by_number = {str(number): str(_text(name)) for name, number in value.items()}
        return names_by_number if len(names_by_number) == len(value) else {}
    names: dict[str, str] = {}
    for key, entry in value.items():
        # Of ImageNet: "0": ["n01440764", "tench"].
        if isinstance(entry, list | tuple) and len(entry) == 2 and all(map(_text, entry)):
            names[str(entry[0])] = names[_key(str(key))] = str(_text(entry[1]))
        elif text := _text(entry):
            names[_key(str(key))] = text
        else:
            return {}
    return names


def _text(value: object) -> str:
    """Return a value as text if it may be a name; else an empty string."""
    if isinstance(value, bytes):
        value = value.decode("utf-8", "replace")
    text = value.strip() if isinstance(value, str) else ""
    return printable(text, _MAX_NAME_LENGTH) if len(text) <= 10 * _MAX_NAME_LENGTH else ""


def _key(class_: str) -> str:
    """Return a class as a normalised key: "00003" and "3.0" become "3"; others are unchanged."""
    digits = class_.removesuffix(".0")
    return (
        str(int(digits)) if digits.isascii() and digits.isdecimal() and len(digits) < 10 else class_
    )
