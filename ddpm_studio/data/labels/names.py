"""Labels by file name, such as ``cat_0001.png``, as OpenAI's guided-diffusion reads them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from ddpm_studio.data.labels.source import LabelSource
from ddpm_studio.data.splits import split_of

NAMES = "names"
_RANK = 6
_NAME = re.compile(r"([^\W\d_][^/]*?)[_ .-]*\d+[a-z]?", re.IGNORECASE)
_MIN_EACH = 2
# No file system allows longer names, but an archive may.
_MAX_NAME_LENGTH = 255
# Generic names that cameras and programs give to any picture.
_GENERIC = frozenset(
    (
        *("img", "image", "images", "dsc", "dscn", "dscf", "p", "pic", "picture", "photo", "frame"),
        *("sample", "screenshot", "scan", "img_e", "mvimg", "pxl", "file", "page", "tile", "patch"),
    )
)


def name_sources(paths: Sequence[str]) -> list[LabelSource]:
    """Return the label source by file name, if all names fit: at least two classes of two each."""
    classes = _classes(paths)
    if classes is None:
        return []
    counts = Counter(classes)
    all_generic = all(str(name).casefold() in _GENERIC or split_of(str(name)) for name in counts)
    is_certain = len(counts) > 1 and not all_generic and min(counts.values()) >= _MIN_EACH
    return [LabelSource(NAMES, "the files' names", _RANK, _classes)] if is_certain else []


def _classes(paths: Sequence[str]) -> list[str | None] | None:
    classes: list[str | None] = []
    unique: dict[str, str] = {}
    for path in paths:
        name = path.rpartition("/")[2]
        match = (
            _NAME.fullmatch(name.rpartition(".")[0] or name)
            if len(name) <= _MAX_NAME_LENGTH
            else None
        )
        if match is None:
            return None
        class_name = match[1].rstrip("_ .-")
        classes.append(unique.setdefault(class_name, class_name))
    return classes
