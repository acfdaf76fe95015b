"""Remote decoding: serve the decode requests of another machine and return the results."""

from __future__ import annotations

import json
import os
from pathlib import Path

from ddpm_studio.data.decoding.decode_pool import DecodeProcess


class DecodeServer:
    """Server of decode requests from another machine: the remote end of its ``Assistant``.

    Args:
        rows: path of a temporary file for the decoded rows until they are sent.

    Raises:
        OSError: the decoding process can't be started.
    """

    def __init__(self, rows: Path) -> None:
        self._rows = rows
        self._worker = DecodeProcess()

    def ready(self) -> bool:
        """Wait until the decoding process has started; return False if it failed to."""
        return self._worker.ready()

    def answer(self, request: bytes) -> bytes:
        """Answer a decode request with a line of JSON, followed by the decoded rows if any.

        Raises:
            StudioError: the process was ended from outside.
            OSError: the rows can't be written.
        """
        line, _, blobs = request.partition(b"\n")
        fields = json.loads(line)
        if fields["target"] is None:
            return self._worker.answer(request)
        self._rows.write_bytes(b"")
        fields["target"][1:] = [os.fspath(self._rows), 0]
        response = self._worker.answer(json.dumps(fields).encode() + b"\n" + blobs)
        return response + self._rows.read_bytes()

    def close(self) -> None:
        """End the decoding process."""
        self._worker.stop()
        self._worker.close()
