"""The first look at every picture: its header and the hash of its content, nothing decoded."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Generator
from dataclasses import dataclass, field

from ddpm_studio.data.collecting import Collection
from ddpm_studio.data.decoding import (
    HEAD_BYTES,
    PICTURE_SUFFIXES,
    Header,
    Unusable,
    array_header,
    identify,
    read_header,
)
from ddpm_studio.data.items import MAX_FILE_BYTES, Item, Pixels, folder_classes
from ddpm_studio.data.progress import Progress
from ddpm_studio.data.report import Reject, reject_summary
from ddpm_studio.errors import StudioError, plain

_LONGEST_CLASS, _LONGEST_SUFFIX = 100, 20
_REPORT_EVERY = 256
_REPORT_BYTES = 256 * 2**20


class NotAPicture(Exception):  # noqa: N818 - a verdict on a file, not a fault of the program
    """A file that does not even claim to be a picture; its text is the kind of file."""


@dataclass(frozen=True, slots=True)
class Found:
    """A picture whose header can be read."""

    item: Item
    header: Header
    digest: bytes


@dataclass
class Survey:
    """All pictures with a good header, the rejects so far and the other files by kind."""

    found: list[Found] = field(default_factory=list)
    rejects: list[Reject] = field(default_factory=list)
    others: Counter[str] = field(default_factory=Counter)

    def sizes(self) -> Counter[tuple[int, int]]:
        """Count the pictures by (width, height)."""
        return Counter(found.header.size for found in self.found)


def read_item(item: Item) -> bytes | Pixels:
    """Return the file's bytes or the array's picture.

    Raises:
        NotAPicture: the file does not claim to be a picture.
        Unusable: it can't be read.
    """
    if item.pixels is not None:
        return item.pixels()
    file = item.file
    assert file is not None
    try:
        if file.suffix not in PICTURE_SUFFIXES and identify(file.read(HEAD_BYTES)) is None:
            raise NotAPicture(plain(file.suffix, _LONGEST_SUFFIX) or "without an ending")
        if file.size > MAX_FILE_BYTES:
            raise Unusable(f"too large: {file.size / 2**30:.1f} GB")
        return file.read(-1)
    except OSError as error:
        raise Unusable(f"unreadable: {error.strerror or error}") from error


def survey(collection: Collection) -> Generator[Progress, None, Survey]:
    """Read every header and hash every picture's content.

    Raises:
        StudioError: there is no picture at all, or none with a good header.
    """
    result = Survey(rejects=list(collection.rejects))
    total = len(collection.items)
    read = 0
    for index, item in enumerate(collection.items):
        if index % _REPORT_EVERY == 0 or read >= _REPORT_BYTES:
            read = 0
            yield Progress(index, total, "Looking at the pictures")
        try:
            raw = read_item(item)
            header = read_header(raw) if isinstance(raw, bytes) else array_header(raw)
        except NotAPicture as verdict:
            result.others[str(verdict)] += 1
        except Unusable as verdict:
            result.rejects.append(Reject(item.name, str(verdict)))
        else:
            data = raw if isinstance(raw, bytes) else raw.data
            read += len(raw) if isinstance(raw, bytes) else raw.nbytes
            digest = hashlib.blake2b(data, digest_size=20).digest()
            result.found.append(Found(item, header, digest))
    yield Progress(total, total, "Looking at the pictures")
    if not result.found:
        raise nothing_usable(collection.title, tuple(result.rejects), result.others)
    return result


def nothing_usable(
    title: str, rejects: tuple[Reject, ...], others: Counter[str] | None = None
) -> StudioError:
    """Return the error for a set without a single usable picture."""
    if rejects:
        return StudioError(
            f"No picture in {title} can be used: {reject_summary(rejects)}.",
            "Choose pictures that other programs can open.",
            "\n".join(f"{reject.name}: {reject.reason}" for reject in rejects[:1000]),
        )
    count = sum(others.values()) if others else 0
    if count == 0:
        return StudioError(f"{title} is empty.", "Choose a folder or an archive with pictures.")
    files = "1 file, and it is not a picture" if count == 1 else f"{count:,} files, none of them a"
    return StudioError(
        f"No pictures in {title}: {files}{'' if count == 1 else ' picture'}.",
        "Choose PNG, JPEG, WebP, BMP, GIF or TIFF pictures, an archive of them, .npz or IDX.",
    )


def item_classes(items: list[Item]) -> list[str] | None:
    """Return the class of each picture, or None unless every one has a class."""
    by_tree: dict[int, list[str]] = {}
    for item in items:
        if item.file is not None:
            by_tree.setdefault(item.tree, []).append(item.file.name)
    from_folders = {tree: folder_classes(names) for tree, names in by_tree.items()}
    if None in from_folders.values():
        return None
    following = {tree: iter(names) for tree, names in from_folders.items() if names}
    classes = [
        next(following[item.tree]) if item.file is not None else item.class_name for item in items
    ]
    return (
        [plain(name, _LONGEST_CLASS) for name in classes if name is not None]
        if None not in classes
        else None
    )
