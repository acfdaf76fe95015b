"""Decoding for another machine, which asks about pictures and takes what was made of them."""

from __future__ import annotations

import json
import os
from pathlib import Path

from ddpm_studio.data.decoding.decode_pool import DecodeProcess


class Assisting:
    """A decoding process for another machine's pictures: the other side of its ``Assistant``.

    Args:
        rows: a file for what is made, until it is on its way.

    Raises:
        OSError: it can't be started.
    """

    def __init__(self, rows: Path) -> None:
        self._rows = rows
        self._worker = DecodeProcess()

    def ready(self) -> bool:
        """Wait until it has started; False where it has not."""
        return self._worker.ready()

    def answer(self, question: bytes) -> bytes:
        """Look at pictures; returns a line that says what they are, and then what was made.

        Raises:
            StudioError: the process was ended from outside.
            OSError: what is made can't be written.
        """
        line, _, blobs = question.partition(b"\n")
        asked = json.loads(line)
        if asked["target"] is None:
            return self._worker.answer(question)
        self._rows.write_bytes(b"")
        asked["target"][1:] = [os.fspath(self._rows), 0]
        told = self._worker.answer(json.dumps(asked).encode() + b"\n" + blobs)
        return told + self._rows.read_bytes()

    def close(self) -> None:
        """End it."""
        self._worker.stop()
        self._worker.close()
