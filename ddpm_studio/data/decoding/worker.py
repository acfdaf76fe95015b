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

from ddpm_studio.data.byte_ranges import Member, OpenFile, Place, Span, Whole
from ddpm_studio.data.decoding.decode_pass import Framed, NotAPicture, Raw, Target, look, read_file
from ddpm_studio.data.decoding.resizing import Recipe
from ddpm_studio.data.decoding.verdicts import Unusable

READY = b"ready\n"
MEMORY, DISK = "memory", "disk"
_COLLECT_AFTER = 20_000
#: Kinds of picture in a request that have no byte range; those with one have its class name.
BYTES, ARRAY, OTHER, LEFT_OUT = "bytes", "array", "other", "left out"

_PLACES: dict[str, Callable[..., Place]] = {kind.__name__: kind for kind in (Whole, Span, Member)}


def main() -> NoReturn:
    """Serve requests from the standard input until it ends, then exit."""
    # Output that a decoder prints by itself must not get between the answers.
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    questions = os.fdopen(0, "rb")
    try:
        # Loaded modules stay alive; other objects are freed by reference counts, except for the
        # reference cycles of a rare error.
        gc.freeze()
        gc.set_threshold(_COLLECT_AFTER)
        gc.enable()
        answers.write(READY)
        answers.flush()
        serve(questions, answers)
    except BrokenPipeError:
        pass
    # There is nothing to clean up, and nobody to report an error to.
    os._exit(0)


def serve(questions: BinaryIO, answers: BinaryIO) -> None:
    """Answer requests until there are no more."""
    archive = _Archive()
    while line := questions.readline():
        try:
            answer = _answer(json.loads(line), questions, archive)
        except MemoryError:
            answer = {"error": MEMORY}
        except OSError as error:
            answer = {"error": DISK, "why": [error.errno, error.strerror or str(error)]}
        except Exception:
            answer = {"error": traceback.format_exc()}
        answers.write(json.dumps(answer).encode() + b"\n")
        answers.flush()


class _Archive:
    """Cache of one open file: the archive that was read last."""

    def __init__(self) -> None:
        self._path = ""
        self._file: OpenFile | None = None

    def read(self, place: Place, limit: int) -> bytes:
        """Return the first ``limit`` bytes of a byte range, all for −1."""
        if isinstance(place, Whole):
            with OpenFile(Path(place.path)) as file:
                return file.read(place, limit)
        if self._file is None or self._path != place.path:
            if self._file is not None:
                self._file.close()
            self._path, self._file = place.path, OpenFile(Path(place.path))
        return self._file.read(place, limit)


def _answer(asked: dict[str, Any], blobs: BinaryIO, archive: _Archive) -> dict[str, Any]:
    readers = [_reader(told, blobs, archive) for told in asked["pictures"]]
    target = None
    if asked["target"] is not None:
        recipe, path, offset = asked["target"]
        recipe["background"] = tuple(recipe["background"])
        recipe["ranges"] = tuple(tuple(one) for one in recipe["ranges"])
        target = Target(Recipe(**recipe), Path(path), offset)
    return look(readers, asked["first"], target, large=asked["large"])._asdict()


def _reader(told: list[Any], blobs: BinaryIO, archive: _Archive) -> Callable[[], Raw]:
    kind, *rest = told
    if kind == BYTES:
        size, frame = rest
        data = blobs.read(size)
        return partial(_give, Framed(data, frame) if frame else data)
    if kind == ARRAY:
        data = blobs.read(math.prod(rest))
        return partial(_give, np.frombuffer(data, np.uint8).reshape(rest))
    if kind in (OTHER, LEFT_OUT):
        return partial(_refuse, kind, rest[0])
    make = _PLACES[kind]
    frame, suffix, size, *place = rest
    return partial(_framed, frame, suffix, size, partial(archive.read, make(*place)))


def _framed(frame: int, suffix: str, size: int, read: Callable[[int], bytes]) -> Raw:
    data = read_file(suffix, size, read)
    return Framed(data, frame) if frame else data


def _give(raw: Raw) -> Raw:
    return raw


def _refuse(kind: str, why: str) -> Raw:
    raise NotAPicture(why) if kind == OTHER else Unusable(why)
