"""Disk cache of prepared sets, keyed by content; a folder appears only once it is complete.

``<cache>/data/<key>/`` holds ``images.npy``, ``report.json``, ``names.txt``, which sets of earlier
versions lack, and, with classes, ``labels.npy``; ``<cache>/data/quick/`` maps the paths, sizes and
times of unchanged files to such a key.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ddpm_studio.catalogue import DATA_FORMATS
from ddpm_studio.catalogue.plugins import origin
from ddpm_studio.data.dataset import Dataset
from ddpm_studio.data.decoding.verdicts import UNKNOWN_CONTENT
from ddpm_studio.data.formats.folders import Stamp
from ddpm_studio.data.formats.memory_maps import map_array
from ddpm_studio.data.report import Report
from ddpm_studio.data.survey import Survey
from ddpm_studio.errors import StudioError
from ddpm_studio.paths import rename_with_retries, temporary_path
from ddpm_studio.picture_shape import CHANNELS, sides
from ddpm_studio.placeholders import placeholder_remedy
from ddpm_studio.requests import FIRST_RULES, PrepareOptions
from ddpm_studio.strict_json import read_object

#: Version of the cache: increment it whenever the same input would give other pixels or files.
FORMAT = 2
#: Options that select what is read and how: the resulting pictures and classes stand for them.
SELECTION_OPTIONS = {"range", "layout", "frames", "split", "array", "labels", "classes", "rules"}
# Like FORMAT, for sets read by rules other than those of version 0.1.0.
_RULES_FORMAT = "rules 2.4"
IMAGES, LABELS, NAMES = "images.npy", "labels.npy", "names.txt"
REPORT = "report.json"
#: File times may be this coarse: a file changed more recently could change again unnoticed.
_MIN_AGE_NS = 2 * 10**9
_LEFTOVER_SECONDS = 24 * 3600
_KEY = re.compile(r"[0-9a-f]{40}")
# Enough for some hundred bytes for each picture that was left out.
_MAX_REPORT_BYTES = 256 * 2**20


def content_bytes(survey: Survey) -> bytearray:
    """Return the names, content hashes and classes of the pictures as bytes for a key."""
    payload = bytearray()
    for index, item in enumerate(survey.items):
        name = item.name.encode(errors="surrogateescape")
        # Classes of arrays are no part of their names.
        class_name = (item.class_name or "").encode()
        payload += b"%d:%s%s%s\0" % (len(name), name, survey.digest(index), class_name)
    return payload


def content_key(
    survey: Survey,
    content: bytes | bytearray,
    options: PrepareOptions,
    warnings: Sequence[str],
    extra: Sequence[object] = (),
    *,
    as_asked: bool = False,
) -> str:
    """Return the content-based cache key, in hex, of pictures prepared with these options.

    Args:
        survey: the rejects and other files of the set.
        content: the :func:`content_bytes` of its pictures.
        options: how they are prepared.
        warnings: the warnings about the set.
        extra: whatever else determines the prepared pictures; empty where they are read as by
            version 0.1.0, whose keys stay valid.
        as_asked: whether to include :data:`SELECTION_OPTIONS`, which select what is read.
    """
    digest = hashlib.blake2b(digest_size=20)
    dumped = options.model_dump(exclude=None if as_asked else SELECTION_OPTIONS)
    digest.update(json.dumps([FORMAT, dumped, *extra], sort_keys=True).encode())
    first_rules = options.rules == FIRST_RULES
    left_out = sorted(
        # Version 0.1.0 did not recognise placeholder files.
        (
            reject.name,
            UNKNOWN_CONTENT if first_rules and placeholder_remedy(reject.kind) else reject.reason,
        )
        for reject in survey.rejects
    )
    payload = [left_out, sorted(survey.others.items()), list(warnings)]
    digest.update(json.dumps(payload).encode())
    digest.update(content)
    return digest.hexdigest()


def quick_key(stamps: Sequence[Stamp], options: PrepareOptions, multiple: int) -> str:
    """Return the hex cache key of unread files, by paths, sizes, times, options and formats."""
    dumped = options.model_dump(exclude={"rules"})
    payload = [FORMAT, dumped, multiple, stamps, *current_rules(options), *_added_formats()]
    text = json.dumps(payload, sort_keys=True)
    return hashlib.blake2b(text.encode(), digest_size=20).hexdigest()


def _added_formats() -> list[tuple[str, str]]:
    """Return (name, origin) of the plug-ins' data formats, which may read more of the files."""
    added = [name for name in DATA_FORMATS if name not in DATA_FORMATS.builtin_names]
    return [(name, origin(DATA_FORMATS.kind, name)) for name in sorted(added)]


def digest_of(classes: Sequence[str | None] | None) -> str:
    """Return the hex digest of the classes of pictures."""
    return hashlib.blake2b(json.dumps(classes).encode(), digest_size=20).hexdigest()


def current_rules(options: PrepareOptions) -> list[object]:
    """Return the version of the current rules, for keys; empty for the rules of version 0.1.0."""
    return [] if options.rules == FIRST_RULES else [_RULES_FORMAT]


class DatasetCache:
    """The cache of prepared sets below ``root``."""

    def __init__(self, root: Path) -> None:
        self.root = root / "data"

    def load_key(self, quick: str) -> str | None:
        """Return the content key stored for unchanged files, given their quick key, or None."""
        try:
            key = str(read_object(self.root / "quick" / f"{quick}.json", 1024)["key"])
        except (OSError, ValueError, KeyError):
            return None
        return key if _KEY.fullmatch(key) else None

    def save_key(self, quick: str, stamps: Sequence[Stamp], key: str) -> None:
        """Store the content key of files atomically, unless a file changed only just now."""
        if max((time_ns for _, _, time_ns in stamps), default=0) > time.time_ns() - _MIN_AGE_NS:
            return
        folder = self.root / "quick"
        # A failure only means that the files are read again next time.
        with suppress(OSError):
            folder.mkdir(parents=True, exist_ok=True)
            temporary = temporary_path(folder)
            try:
                temporary.write_text(json.dumps({"key": key}))
                temporary.replace(folder / f"{quick}.json")
            finally:
                temporary.unlink(missing_ok=True)

    def load(self, key: str, source: Sequence[Path], title: str) -> Dataset | None:
        """Return the prepared set of a key, or None if it is missing or damaged."""
        folder = self.root / key
        try:
            description = read_object(folder / REPORT, _MAX_REPORT_BYTES)
            options = PrepareOptions.model_validate(description["options"])
            report = Report.from_dict(description["report"] | {"source": title})
            class_names = tuple(str(name) for name in description["class_names"])
            images = map_array(folder / IMAGES)
            labels = np.array(map_array(folder / LABELS)) if class_names else None
            shape = (report.kept, *_shape(options, images.shape))
            if description["key"] != key or images.shape != shape or images.dtype != np.uint8:
                return None
            if labels is not None and (labels.shape != shape[:1] or labels.dtype != np.int64):
                return None
            if labels is not None and not _are_in_range(labels, len(class_names)):
                return None
            fingerprint = str(description["fingerprint"])
            ranges = str(description.get("ranges", ""))
        except (OSError, ValueError, KeyError, TypeError, OverflowError):
            return None
        return Dataset(
            images,
            labels,
            class_names,
            report,
            fingerprint,
            options,
            tuple(source),
            folder / NAMES,
            ranges,
        )

    def find(self, fingerprint: str, source: Sequence[Path], title: str) -> Dataset | None:
        """Return a prepared set by its fingerprint, or None; its source need not exist."""
        for path in self.root.glob(f"*/{REPORT}"):
            try:
                recorded = read_object(path, _MAX_REPORT_BYTES).get("fingerprint")
            except (OSError, ValueError):
                continue
            if (
                recorded == fingerprint
                and (found := self.load(path.parent.name, source, title)) is not None
            ):
                return found
        return None

    @contextmanager
    def temporary_folder(self) -> Iterator[Path]:
        """Context manager that yields an empty temporary folder, removed unless :meth:`commit` ran.

        Raises:
            StudioError: the folder can't be created, or the body raised an OSError.
        """
        temporary: Path | None = None
        try:
            self.root.mkdir(parents=True, exist_ok=True)
            self._remove_leftovers()
            temporary = temporary_path(self.root)
            temporary.mkdir()
            yield temporary
        except OSError as error:
            raise StudioError(
                f"The prepared pictures can't be kept in {self.root}: {error.strerror or error}.",
                "Make room there, or let the environment variable DDPM_STUDIO_CACHE name another "
                "folder.",
            ) from error
        finally:
            if temporary is not None:
                shutil.rmtree(temporary, ignore_errors=True)

    def commit(self, temporary: Path, key: str) -> None:
        """Flush a temporary folder to the disk and rename it to ``key``, atomically."""
        for path in temporary.iterdir():
            _flush(path)
        target = self.root / key
        # An existing folder is either damaged or was just written by another process.
        if target.exists() and self.load(target.name, (), "") is None:
            shutil.rmtree(target)
        try:
            rename_with_retries(Path.rename, temporary, target)
        except OSError:
            if self.load(target.name, (), "") is None:
                raise
        _flush(self.root)

    def _remove_leftovers(self) -> None:
        for leftover in self.root.glob(".*.tmp"):
            with suppress(OSError):
                if time.time() - leftover.stat().st_mtime > _LEFTOVER_SECONDS:
                    shutil.rmtree(leftover, ignore_errors=True)


def write_description(
    folder: Path,
    key: str,
    fingerprint: str,
    options: PrepareOptions,
    class_names: Sequence[str],
    report: Report,
    ranges: str,
) -> None:
    """Write ``report.json``: the options, the class names and the report of a prepared set.

    ``key`` is made from the options as asked for, ``fingerprint`` from the resolved ones: the same
    pictures prepared in the same way have the same fingerprint, whoever chose the options.
    """
    description = {
        "format": FORMAT,
        "key": key,
        "fingerprint": fingerprint,
        "options": options.model_dump(),
        "class_names": list(class_names),
        "report": json.loads(report.to_json()),
    }
    if ranges:
        description["ranges"] = ranges
    # Pure ASCII: names of files need not be valid text in any encoding.
    (folder / REPORT).write_text(json.dumps(description, indent=1), encoding="utf-8")


def _shape(options: PrepareOptions, array_shape: tuple[int, ...]) -> tuple[int, int, int]:
    """Return (H, W, C) of pictures prepared with these options; any number of bands is allowed.

    Raises:
        ValueError: the options have no image size.
    """
    if options.image_size is None:
        raise ValueError("the size was left open")
    width, height = sides(options.image_size)
    if options.channels == "bands" and len(array_shape) == 4:
        return height, width, array_shape[3]
    return height, width, CHANNELS[options.channels]


def _are_in_range(labels: npt.NDArray[np.int64], count: int) -> bool:
    return bool(labels.min() >= 0 and labels.max() < count)


def _flush(path: Path) -> None:
    """Flush a file, or a folder's entries where the system supports it, to the disk (fsync)."""
    if path.is_dir() and os.name == "nt":
        return
    handle = os.open(path, os.O_RDONLY if os.name != "nt" else os.O_RDWR)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
