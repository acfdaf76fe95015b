"""Text of others within Markdown."""

from __future__ import annotations

import re

from ddpm_studio.errors import plain

_LONGEST = 2000


def markdown_text(text: str) -> str:
    """Return text out of a file or an option so that Markdown shows it as it is."""
    return re.sub(r"([\\`*_{}\[\]<>|#])", r"\\\1", plain(text, _LONGEST))
