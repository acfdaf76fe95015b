"""Detection of folders that are no classes: numbered shards, groups, camera folders and dates."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence

# Numbered parts of a set, such as "HAM10000_images_part_1"; the steps below are the numbers of
# pictures per folder in FFHQ, EDM and img2dataset.
_SHARDS = re.compile(
    r"((?:.{0,80}[ _.-])?(?:fold|cv|split|part|batch|chunk|shard|block|images?|imgs?|dir|folder|"
    r"subset))[ _.-]?\d{1,9}",
    re.IGNORECASE,
)
_NUMBERED = re.compile(r"\D{0,40}(\d{1,18})")
_STEPS = (1_000, 10_000)
# Danbooru stores each picture in the folder of its number modulo 1000.
_LAST = 1_000
_GROUPS = re.compile(
    r"((?:.{0,80}[ _.-])?(?:video|clip|scene|sequence|seq|shot|patient|case|session|scan|series))"
    r"[ _.-]?\d{1,9}",
    re.IGNORECASE,
)
# Folder names of cameras (Design rule for Camera File system, JEITA CP-3461) and phones.
_CAMERAS = re.compile(r"[1-9]\d\d(?:[A-Z][A-Z0-9_]|_[A-Z0-9])[A-Z0-9_]{3}|20\d{4}_[_a-z]")
_MONTH = r"(?:0?[1-9]|1[0-2])"
_DATES = re.compile(
    rf"(?:Photos from )?(?:19|20)\d\d(?:[-_. ]?{_MONTH}(?:[-_. ]?(?:0?[1-9]|[12]\d|3[01]))?)?"
)
_YEAR_AND_MONTH = re.compile(rf"(?:^|/)(?:19|20)\d\d/{_MONTH}(?:[^\d/][^/]{{0,80}})?/")


def non_class_reason(classes: Sequence[str], paths: Sequence[str]) -> str:
    """Return why folders are no classes, such as "count the pictures"; empty if they may be.

    Args:
        classes: the folder of each picture.
        paths: the paths of the pictures.
    """
    distinct = set(classes)
    if _differ_in_numbers(_SHARDS, distinct):
        return "count the pictures"
    if _differ_in_numbers(_GROUPS, distinct):
        return "tell which pictures belong together"
    if all(map(_CAMERAS.fullmatch, distinct)) or _follow_from_numbers(classes, paths):
        return "count the pictures"
    if all(map(_DATES.fullmatch, distinct)) or all(map(_YEAR_AND_MONTH.search, paths)):
        return "tell when the pictures were taken"
    return ""


def _differ_in_numbers(pattern: re.Pattern[str], names: Collection[str]) -> bool:
    """Whether all names match a pattern and have its first group in common."""
    matches = [pattern.fullmatch(name) for name in names]
    return all(matches) and len({match[1] for match in matches if match}) == 1


def _follow_from_numbers(classes: Sequence[str], paths: Sequence[str]) -> bool:
    """Whether folders follow from the numbers of their pictures: thousands, or last digits."""
    if not all(
        class_name.isascii() and class_name.isdecimal() and len(class_name) < 18
        for class_name in set(classes)
    ):
        return False
    numbers = []
    for path in paths:
        match = _NUMBERED.fullmatch(path.rpartition("/")[2].rpartition(".")[0])
        if match is None:
            return False
        numbers.append(int(match[1]))
    pairs = list(zip(classes, numbers, strict=True))
    if max(numbers) >= _LAST and all(
        int(class_name) == number % _LAST for class_name, number in pairs
    ):
        return True
    return any(
        all(
            int(class_name) in (number // step, number // step * step)
            for class_name, number in pairs
        )
        for step in _STEPS
    )
