"""Security check of the settings file: one with a serialised object is renamed, not loaded.

``QSettings`` passes "@Variant(…)" to Qt's deserialiser, which PySide6 extends to unpickle Python
objects: a file with such a line could run arbitrary code as soon as its value is read. This program
writes no such value.
"""

from __future__ import annotations

import re
from pathlib import Path

from ddpm_studio.strict_json import read_bounded

_MAX_BYTES = 4 << 20
# As QSettings decodes them: \ continues a line, \x and octal escapes stand for characters.
_ESCAPE = re.compile(r"\\(?:(?P<line>\r?\n)|x(?P<hex>[0-9a-fA-F]+)|(?P<octal>[0-7]+))")
_OBJECT = re.compile(r"@(Variant|DateTime)\(")


def quarantine_unless_text(path: Path) -> Path | None:
    """Rename a settings file with serialised objects; return its new path, None if it stays.

    A file that can't be read, or is larger than 4 MiB, is renamed too.

    Raises:
        OSError: it can't be renamed.
    """
    try:
        content = read_bounded(path, _MAX_BYTES)
    except FileNotFoundError:
        return None
    except (OSError, ValueError):
        content = b"@Variant("
    if _OBJECT.search(_ESCAPE.sub(_unescape, content.decode("latin-1"))) is None:
        return None
    quarantined = path.with_name(f"{path.name}.refused")
    path.replace(quarantined)
    return quarantined


def _unescape(escape: re.Match[str]) -> str:
    if escape["line"]:
        return ""
    number = int(escape["hex"][-4:], 16) if escape["hex"] else int(escape["octal"][-6:], 8)
    return chr(number & 0xFFFF)
