"""Worker process of the decode pool: answers decode requests until its input ends.

Requests and answers are a line of JSON each; a request is followed by the bytes of pictures that
have no byte range to read. If the parent process dies, at any moment, the input ends.
"""

from __future__ import annotations

import gc
import json
import math
import os
import traceback
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO, NoReturn

import numpy as np

from ddpm_studio.data.byte_ranges import ByteRange, FileRange, OpenFile, WholeFile, ZipMember
from ddpm_studio.data.decoding.decode_pass import (
    FileFrame,
    NotAPicture,
    Raw,
    Target,
    read_file,
    run_decode_pass,
)
from ddpm_studio.data.decoding.resizing import Recipe
from ddpm_studio.data.decoding.verdicts import UnusablePicture

READY = b"ready\n"
MEMORY, DISK = "memory", "disk"
_COLLECT_AFTER = 20_000
#: Kinds of picture in a request that have no byte range; those with one have its class name.
BYTES, ARRAY, OTHER, LEFT_OUT = "bytes", "array", "other", "left out"

_RANGE_TYPES: dict[str, Callable[..., ByteRange]] = {
    kind.__name__: kind for kind in (WholeFile, FileRange, ZipMember)
}


def main() -> NoReturn:
    """Serve requests from the standard input until it ends, then exit."""
    # Output that a decoder prints by itself must not get between the answers.
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    requests = os.fdopen(0, "rb")
    try:
        # Loaded modules stay alive; other objects are freed by reference counts, except for the
        # reference cycles of a rare error.
        gc.freeze()
        gc.set_threshold(_COLLECT_AFTER)
        gc.enable()
        answers.write(READY)
        answers.flush()
        serve(requests, answers)
    except BrokenPipeError:
        pass
    # There is nothing to clean up, and nobody to report an error to.
    os._exit(0)


def serve(requests: BinaryIO, answers: BinaryIO) -> None:
    """Answer requests until there are no more."""
    cache = _ArchiveCache()
    while line := requests.readline():
        try:
            answer = _handle_request(json.loads(line), requests, cache)
        except MemoryError:
            answer = {"error": MEMORY}
        except OSError as error:
            answer = {"error": DISK, "why": [error.errno, error.strerror or str(error)]}
        except Exception:
            answer = {"error": traceback.format_exc()}
        answers.write(json.dumps(answer).encode() + b"\n")
        answers.flush()


class _ArchiveCache:
    """Cache of one open file: the archive that was read last."""

    def __init__(self) -> None:
        self._path = ""
        self._file: OpenFile | None = None

    def read(self, location: ByteRange, limit: int) -> bytes:
        """Return the first ``limit`` bytes of a byte range, all for −1."""
        if isinstance(location, WholeFile):
            with OpenFile(Path(location.path)) as file:
                return file.read(location, limit)
        if self._file is None or self._path != location.path:
            if self._file is not None:
                self._file.close()
            self._path, self._file = location.path, OpenFile(Path(location.path))
        return self._file.read(location, limit)


def _handle_request(
    request: dict[str, Any], blobs: BinaryIO, cache: _ArchiveCache
) -> dict[str, Any]:
    readers = [_reader(fields, blobs, cache) for fields in request["pictures"]]
    target = None
    if request["target"] is not None:
        recipe, path, offset = request["target"]
        recipe["background"] = tuple(recipe["background"])
        recipe["ranges"] = tuple(tuple(entry) for entry in recipe["ranges"])
        target = Target(Recipe(**recipe), Path(path), offset)
    return run_decode_pass(readers, request["first"], target, large=request["large"])._asdict()


def _reader(fields: list[Any], blobs: BinaryIO, cache: _ArchiveCache) -> Callable[[], Raw]:
    kind, *rest = fields
    if kind == BYTES:
        size, frame = rest
        data = blobs.read(size)
        return partial(_return_raw, FileFrame(data, frame) if frame else data)
    if kind == ARRAY:
        data = blobs.read(math.prod(rest))
        return partial(_return_raw, np.frombuffer(data, np.uint8).reshape(rest))
    if kind in (OTHER, LEFT_OUT):
        return partial(_raise_reject, kind, rest[0])
    make = _RANGE_TYPES[kind]
    frame, suffix, size, *location = rest
    return partial(_read_frame, frame, suffix, size, partial(cache.read, make(*location)))


def _read_frame(frame: int, suffix: str, size: int, read: Callable[[int], bytes]) -> Raw:
    data = read_file(suffix, size, read)
    return FileFrame(data, frame) if frame else data


def _return_raw(raw: Raw) -> Raw:
    return raw


def _raise_reject(kind: str, reason: str) -> Raw:
    raise NotAPicture(reason) if kind == OTHER else UnusablePicture(reason)
