"""Multi-frame files: each page or frame as a picture of its own, where that is asked for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress

from ddpm_studio.data.decoding.decoding import OpenedPicture
from ddpm_studio.data.decoding.frames import MULTI_FRAME_SUFFIXES, count_frames, has_frame_count
from ddpm_studio.data.decoding.signatures import HEAD_BYTES, identify
from ddpm_studio.data.decoding.verdicts import UnusablePicture
from ddpm_studio.data.formats.reading import Reading
from ddpm_studio.data.items import MAX_FILE_BYTES, File, Item

_PNG_HEAD_BYTES = 1 << 16


def frame_items(files: Sequence[File], reading: Reading) -> list[Item]:
    """Return an item for each file, or for each of its frames if the option ``frames`` is "all"."""
    if reading.options.frames != "all":
        return [Item(reading.shown(file.name), reading.tree, file) for file in files]
    return [item for file in files for item in _frames(file, reading)]


def _read_structure(file: File) -> bytes:
    """Return enough of a file to count its frames: of a PNG the head, if that is sufficient."""
    if file.suffix in (".png", ".apng"):
        head = file.read(_PNG_HEAD_BYTES)
        if has_frame_count(head):
            return head
    return file.read(-1)


def _frames(file: File, reading: Reading) -> Iterator[Item]:
    name = reading.shown(file.name)
    count = 1
    if file.suffix in MULTI_FRAME_SUFFIXES and file.size <= MAX_FILE_BYTES:
        try:
            data = _read_structure(file)
        except OSError:
            data = b""
        kind = identify(data[:HEAD_BYTES])
        count = count_frames(kind, data) if kind is not None else 1
        if kind == "AVIF":
            # Only the decoder can count the frames of an AVIF.
            with suppress(UnusablePicture), OpenedPicture(data) as picture:
                count = picture.header().frames
    for frame in range(count):
        display_name = name if count == 1 else f"{name}[{frame}]"
        yield Item(display_name, reading.tree, file, frame=frame)
