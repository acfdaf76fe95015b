"""Escaping of foreign text in Markdown."""

from __future__ import annotations

import re

from ddpm_studio.errors import printable

_MAX_LENGTH = 2000


def markdown_text(text: str) -> str:
    """Escape text from a file or an option for Markdown, and cut it to 2000 characters."""
    return re.sub(r"([\\`*_{}\[\]<>|#])", r"\\\1", printable(text, _MAX_LENGTH))
