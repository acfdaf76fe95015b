"""The preparation itself: list, look, find in the cache or decode, and keep."""

from __future__ import annotations

import hashlib
import os
from collections import Counter, deque
from collections.abc import Generator, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from ddpm_studio.data.collecting import Collection, collect, source_stamps, source_title
from ddpm_studio.data.dataset import Dataset
from ddpm_studio.data.decoding import Unusable
from ddpm_studio.data.fitting import Recipe, choose_size, is_gray, make_squares, recipe_for
from ddpm_studio.data.growing import GrowingArray, collapse_to_gray
from ddpm_studio.data.items import Item, Pixels, natural_key
from ddpm_studio.data.progress import Progress
from ddpm_studio.data.report import Reject, Report, size_warnings
from ddpm_studio.data.store import (
    IMAGES,
    LABELS,
    Store,
    content_key,
    quick_key,
    write_description,
)
from ddpm_studio.data.survey import (
    Found,
    NotAPicture,
    Survey,
    item_classes,
    nothing_usable,
    read_item,
    survey,
)
from ddpm_studio.paths import cache_dir
from ddpm_studio.requests import PrepareOptions

_CHUNK_PICTURES = 64
_CHUNK_BYTES = 8 * 2**20
_CHUNK_PIXELS = 64_000_000
#: Measured with two threads on two cores: 32×32 takes 1.8 times as long as in one thread, for
#: they only wait for the interpreter; from 96×96 it takes less, from 128×128 about 0.6.
_THREADS_FROM_PIXELS = 96 * 96

Raw = bytes | Pixels
_Decoded = tuple[list[Found], list[Pixels | str]]


def prepare(
    sources: Sequence[Path],
    options: PrepareOptions,
    *,
    cache: Path | None = None,
    required_multiple: int = 1,
) -> Generator[Progress, None, Dataset]:
    """Turn whatever was dropped into one array of equal squares.

    Closing the generator cancels; nothing half-written stays.

    Args:
        sources: folders, archives (zip, tar), pictures, ``.npy``, ``.npz`` or IDX files.
        options: how to fit them; sizes and colours left open are chosen here.
        cache: the cache's root instead of the user's.
        required_multiple: a size chosen here is a multiple of this.

    Raises:
        StudioError: nothing usable, a path that is missing or unreadable, an unsafe archive.
    """
    paths = [Path(source) for source in sources]
    title = source_title(paths)
    store = Store(cache if cache is not None else cache_dir())
    yield Progress(0, 1, "Listing the files")
    stamps = source_stamps(paths)
    quick = quick_key(stamps, options, required_multiple)
    known = store.recall(quick)
    if known is not None and (dataset := store.load(known, paths, title)) is not None:
        yield Progress(1, 1, "Found in the cache")
        return dataset
    with ExitStack() as stack:
        collection = collect(paths, stack)
        seen = yield from survey(collection)
        size = options.image_size or choose_size(seen.sizes().items(), required_multiple)
        sized = options.model_copy(update={"image_size": size})
        key = content_key(seen, sized, collection.warnings)
        dataset = store.load(key, paths, title)
        if dataset is None:
            with store.writing(key) as folder:
                yield from _write(folder, key, collection, seen, sized)
            dataset = store.load(key, paths, title)
            assert dataset is not None
    store.remember(quick, stamps, key)
    return dataset


def find_prepared(
    fingerprint: str, sources: Sequence[Path], *, cache: Path | None = None
) -> Dataset | None:
    """Return a set that was prepared before, also when its sources are gone.

    Args:
        fingerprint: the set's.
        sources: where it came from.
        cache: the cache's root instead of the user's.
    """
    store = Store(cache if cache is not None else cache_dir())
    return store.find(fingerprint, sources, source_title(list(sources)))


@dataclass
class _Tally:
    """What is learnt while decoding."""

    kept: list[Found] = field(default_factory=list)
    rejects: list[Reject] = field(default_factory=list)
    digests: set[bytes] = field(default_factory=set)
    all_gray: bool = True

    def take(self, found: Found, picture: Pixels) -> None:
        self.kept.append(found)
        self.digests.add(hashlib.blake2b(picture.data, digest_size=16).digest())
        if self.all_gray and picture.shape[2] == 3:
            self.all_gray = is_gray(picture)


def _write(
    folder: Path, key: str, collection: Collection, seen: Survey, options: PrepareOptions
) -> Generator[Progress, None, None]:
    size = options.image_size
    assert size is not None
    recipe = recipe_for(
        options,
        size,
        all_gray=all(found.header.gray for found in seen.found),
        any_alpha=any(found.header.alpha for found in seen.found),
    )
    tally = _Tally(rejects=list(seen.rejects))
    total = len(seen.found)
    done = 0
    with (
        GrowingArray(folder / IMAGES, size, recipe.channels) as images,
        closing(_decode(seen.found, recipe)) as decoded,
    ):
        for chunk, made in decoded:
            for found, picture in zip(chunk, made, strict=True):
                if isinstance(picture, str):
                    tally.rejects.append(Reject(found.item.name, picture))
                else:
                    tally.take(found, picture)
                    images.append(picture)
            done += len(chunk)
            yield Progress(done, total, "Preparing the pictures")
    if not tally.kept:
        raise nothing_usable(collection.title, tuple(tally.rejects))
    gray = recipe.channels == 1
    if not gray and options.channels == "auto" and tally.all_gray:
        collapse_to_gray(folder / IMAGES)
        gray = True
    classes = item_classes([found.item for found in tally.kept])
    class_names = sorted(set(classes), key=natural_key) if classes else []
    if classes:
        index = {name: number for number, name in enumerate(class_names)}
        np.save(folder / LABELS, np.array([index[name] for name in classes], np.int64))
    resolved = options.model_copy(update={"channels": "gray" if gray else "rgb"})
    report = _report(collection, seen, tally, Counter(classes or []), class_names)
    fingerprint = content_key(seen, resolved, collection.warnings)
    write_description(folder, key, fingerprint, resolved, class_names, report)


def _report(
    collection: Collection,
    seen: Survey,
    tally: _Tally,
    class_counts: Counter[str],
    class_names: list[str],
) -> Report:
    kept = len(tally.kept)
    sizes = Counter(found.header.size for found in tally.kept)
    return Report(
        source=collection.title,
        found=kept + len(tally.rejects),
        kept=kept,
        rejects=tuple(tally.rejects),
        sizes=tuple(sizes.most_common()),
        duplicates=kept - len(tally.digests),
        class_counts=tuple((name, class_counts[name]) for name in class_names),
        others=tuple(seen.others.most_common()),
        warnings=(*size_warnings(kept), *collection.warnings),
    )


def _decode(
    found: list[Found], recipe: Recipe
) -> Generator[tuple[list[Found], list[Pixels | str]], None, None]:
    """Yield the pictures in order, a chunk at a time, each with its square or its reason.

    Files are read here and decoded by threads where that pays: see _THREADS_FROM_PIXELS.
    Processes would cost seconds to start, and a program without a guarded main could not.
    """
    pixels = sum(one.header.size[0] * one.header.size[1] for one in found) / len(found)
    workers = (os.cpu_count() or 1) if pixels >= _THREADS_FROM_PIXELS else 1
    if workers == 1:
        for chunk, raws in _chunks(found):
            yield chunk, make_squares(raws, recipe)
        return
    pool = ThreadPoolExecutor(workers, thread_name_prefix="prepare")
    waiting: deque[tuple[list[Found], Future[list[Pixels | str]]]] = deque()
    try:
        for chunk, raws in _chunks(found):
            waiting.append((chunk, pool.submit(make_squares, raws, recipe)))
            if len(waiting) > 2 * workers:
                first, future = waiting.popleft()
                yield first, future.result()
        while waiting:
            first, future = waiting.popleft()
            yield first, future.result()
    finally:
        pool.shutdown(cancel_futures=True)


def _chunks(found: list[Found]) -> Iterator[tuple[list[Found], list[Raw | str]]]:
    chunk: list[Found] = []
    raws: list[Raw | str] = []
    size = pixels = 0
    for one in found:
        raw = _read_again(one.item)
        chunk.append(one)
        raws.append(raw)
        size += len(raw) if isinstance(raw, (bytes, str)) else raw.nbytes
        pixels += one.header.size[0] * one.header.size[1]
        if len(chunk) >= _CHUNK_PICTURES or size >= _CHUNK_BYTES or pixels >= _CHUNK_PIXELS:
            yield chunk, raws
            chunk, raws, size, pixels = [], [], 0, 0
    if chunk:
        yield chunk, raws


def _read_again(item: Item) -> Raw | str:
    try:
        return read_item(item)
    except (NotAPicture, Unusable):
        return "changed while it was read"
