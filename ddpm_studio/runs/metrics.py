"""``metrics.jsonl``: append-only, one JSON object a line."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from ddpm_studio.runs import atomic


def append(path: Path, lines: Iterable[dict[str, Any]]) -> None:
    """Append objects, each on a line of its own."""
    text = "".join(json.dumps(line, separators=(",", ":")) + "\n" for line in lines)
    with path.open("a", encoding="utf-8") as file:
        file.write(text)


def read(path: Path) -> Iterator[dict[str, Any]]:
    """Yield the objects; a last line that was cut off by a crash is passed over."""
    if not path.exists():
        return
    with path.open(encoding="utf-8", errors="replace") as file:
        for line in file:
            try:
                value = json.loads(line)
            except ValueError:
                continue
            if isinstance(value, dict) and isinstance(value.get("step"), int):
                yield value


def truncate(path: Path, step: int) -> None:
    """Forget what came after ``step``, before training goes on from there."""
    kept = [line for line in read(path) if line["step"] <= step]
    text = "".join(json.dumps(line, separators=(",", ":")) + "\n" for line in kept)
    atomic.write_bytes(path, text.encode())
