"""Class names from YOLO's YAML files: ``names: [cat, dog]``, as a list or mapping.

Only this key is parsed, in the forms in which programs write it
(https://docs.ultralytics.com/datasets/detect/).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

SUFFIXES = (".yaml", ".yml")
_KEY = re.compile(r"^names[ \t]*:[ \t]*(.*)$", re.MULTILINE)
# An entry of a flow list or mapping, and one on a line of its own after a dash or a number.
_PART = re.compile(r"""[ \t]*(?:(\d{1,6})[ \t]*:[ \t]*)?(?:"([^"\n]*)"|'([^'\n]*)'|([^,\n"'#]+))""")
_ITEM = re.compile(r"[ \t]*(?:-[ \t]+|(?<=[ \t])(\d{1,6})[ \t]*:[ \t]*)(\S.*)")
_MAX_CHARACTERS, _MAX_LINE = 1 << 20, 1000


def yaml_names(text: str) -> object:
    """Return the names as a list, or as a dict from number to name; None if there are none."""
    match = _KEY.search(text) if len(text) <= _MAX_CHARACTERS else None
    if match is None:
        return None
    first_line, rest = match[1].strip(), text[match.end() :]
    if first_line[:1] in ("[", "{"):
        content, end, _ = (first_line[1:] + rest).partition("]" if first_line[0] == "[" else "}")
        matches = _PART.finditer(content) if end else ()
        pairs = [(pair[1] or "", (pair[2] or pair[3] or pair[4] or "").strip()) for pair in matches]
    else:
        pairs = list(_block(rest)) if not first_line or first_line.startswith("#") else []
    entries = [(number, name) for number, name in pairs if name]
    if entries and all(number for number, _ in entries):
        return dict(entries)
    return [name for _, name in entries] if not any(number for number, _ in entries) else None


def _block(text: str) -> Iterator[tuple[str, str]]:
    """Yield (number, name) of each line of the block below the key."""
    for line in text.split("\n"):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        item = _ITEM.fullmatch(line.rstrip()) if len(line) <= _MAX_LINE else None
        if item is None:
            return
        yield item[1] or "", _scalar(item[2])


def _scalar(value: str) -> str:
    quote = value[0]
    if quote in "\"'" and quote in value[1:]:
        return value[1:].partition(quote)[0].strip()
    return value.partition(" #")[0].strip()
