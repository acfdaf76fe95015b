"""Data set preparation: list the files, then load from the cache or decode every picture."""

from __future__ import annotations

from collections import Counter
from collections.abc import Generator, Iterator, Sequence
from contextlib import ExitStack, closing, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from ddpm_studio.data.collecting import Collection, collect, source_stamps, source_title
from ddpm_studio.data.dataset import Dataset
from ddpm_studio.data.decoding.decode_pass import (
    BatchResult,
    NotAPicture,
    Outcome,
    Target,
    header_of,
    read_item,
    values_of,
)
from ddpm_studio.data.decoding.decode_pool import (
    Assistant,
    Batch,
    DecodePassRunner,
    DecodePool,
    decode_inline,
)
from ddpm_studio.data.decoding.decoding import Header
from ddpm_studio.data.decoding.gc_pause import paused_gc
from ddpm_studio.data.decoding.resizing import Recipe
from ddpm_studio.data.decoding.verdicts import UnusablePicture
from ddpm_studio.data.finalizing import PassResult, labels_of, write_prepared
from ddpm_studio.data.fitting import choose_size, recipe_for
from ddpm_studio.data.formats.folders import Stamp
from ddpm_studio.data.items import Item
from ddpm_studio.data.labels.selection import (
    check_requested_labels,
)
from ddpm_studio.data.ranges import SeenValues
from ddpm_studio.data.report import Reject
from ddpm_studio.data.rows import create_rows_file
from ddpm_studio.data.store import (
    IMAGES,
    DatasetCache,
    content_bytes,
    content_key,
    current_rules,
    digest_of,
    quick_key,
    write_description,
)
from ddpm_studio.data.survey import Survey, no_usable_pictures_error
from ddpm_studio.errors import StudioError
from ddpm_studio.paths import cache_dir
from ddpm_studio.progress import Progress
from ddpm_studio.requests import RULES, PrepareOptions

_LISTING, _CACHED = "Listing the files", "Found in the cache"
_LOOKING, _MAKING = "Looking at the pictures", "Preparing the pictures"
PREPARING = frozenset({_LISTING, _CACHED, _LOOKING, _MAKING})
"""Texts of the :class:`Progress` events of preparing, to tell them from those of later work."""

_BATCH_BYTES = 8 * 2**20
_BATCH_ROW_BYTES = 16 * 2**20
_BATCH_MOST, _BATCH_LEAST, _BATCHES = 512, 16, 32
#: A smaller set is prepared in this process before worker processes have even started.
_POOL_MIN_BYTES, _POOL_MIN_FILES = 5 * 2**20, 2000
#: Sample size for guessing the recipe of the set; if the guess is wrong, a second pass is made.
_SAMPLE_SIZE = 16

_CHANGED = "changed while it was read"


def prepare(
    sources: Sequence[Path],
    options: PrepareOptions,
    *,
    cache: Path | None = None,
    required_multiple: int = 1,
    assistance: Assistance | None = None,
) -> Generator[Progress, None, Dataset]:
    """Prepare pictures of any source as one memory-mapped array of pictures of equal shape.

    Large sets are decoded on all cores, usually in one pass. Closing the generator cancels, and
    leaves no partial result in the cache.

    Args:
        sources: folders, archives (zip, tar), pictures, ``.npy``, ``.npz`` or IDX files, and files
            of any other data format in the catalogue.
        options: how to fit the pictures; size and channels that it leaves open are chosen here.
        cache: root folder of the cache; None for the user's.
        required_multiple: a size chosen here is a multiple of this.
        assistance: other machines that decode a part of a large set's pictures.

    Yields:
        The progress.

    Returns:
        The prepared set.

    Raises:
        StudioError: there is no usable picture, a path is missing or unreadable, an archive is
            unsafe, or an assistant has gone.
    """
    paths = [Path(source) for source in sources]
    title = source_title(paths)
    store = DatasetCache(cache if cache is not None else cache_dir())
    yield Progress(0, 1, _LISTING)
    stamps = source_stamps(paths, options)
    quick = quick_key(stamps, options, required_multiple)
    known = store.load_key(quick)
    if known is not None and (dataset := store.load(known, paths, title)) is not None:
        yield Progress(1, 1, _CACHED)
        return dataset
    with ExitStack() as stack:
        # The worker processes start while the files are listed.
        pool = _open_pool(stamps, stack, assistance)
        if pool is not None and assistance is not None:
            assistance.invite(quick)
        with paused_gc():
            collection = collect(paths, stack, options)
        folder = stack.enter_context(store.temporary_folder())
        if pool is not None:
            # Before the folder goes: Windows removes no file that another process has open.
            stack.callback(pool.close)
        wanted = _PreparationRequest(options, required_multiple, folder / IMAGES)
        if pool is not None and pool.ready():
            pass_over = _DecodePass(pool.run_decode_pass)
            guess = _guess_target(collection.items, wanted)
        else:
            pass_over = _DecodePass(decode_inline)
            guess = None
        seen, made = yield from _survey_pictures(collection, pass_over, guess)
        sized = wanted.sized(seen.sizes())
        with paused_gc():
            content = content_bytes(seen)
            labels = labels_of(seen.items, collection, options)
        check_requested_labels(title, labels, options)
        more: list[object] = current_rules(options)
        if more:
            # The notes are stored with the pictures, so they are part of the key.
            more += [digest_of(labels.classes), collection.notes, labels.notes, collection.formats]
            more += [(one.key, one.title, one.classes) for one in labels.choices]
        asked = sized.model_copy(update={"rules": RULES})
        key = content_key(seen, content, asked, collection.warnings, more, as_asked=True)
        dataset = store.load(key, paths, title)
        if dataset is None:
            recipe = wanted.recipe(sized, seen.headers)
            if made is not None:
                recipe = replace(recipe, ranges=made.ranges(title, options))
            if made is None or made.recipe != recipe:
                made = yield from _decode_pictures(
                    seen, pass_over, create_rows_file(wanted.path, recipe)
                )
                # The meaning of the values is only known once all pictures are decoded.
                recipe = replace(recipe, ranges=made.ranges(title, options))
                if made.recipe != recipe:
                    made = yield from _decode_pictures(
                        seen, pass_over, create_rows_file(wanted.path, recipe)
                    )
            resolved, described, more = write_prepared(folder, collection, seen, made, sized)
            fingerprint = content_key(seen, content, resolved, collection.warnings, more)
            write_description(folder, key, fingerprint, resolved, *described)
            store.commit(folder, key)
            dataset = store.load(key, paths, title)
            assert dataset is not None
    # A file that could not be read may become readable without a change of its time, so the quick
    # key is not stored and the next call tries again.
    if not any(reject.is_retryable for reject in dataset.report.rejects):
        store.save_key(quick, stamps, key)
    return dataset


class Assistance(Protocol):
    """Protocol for other machines that may help to prepare a large set."""

    def invite(self, key: str) -> None:
        """Invite the machines whose files have this :func:`key_of_files`, and so are the same."""

    def new_assistants(self) -> Sequence[Assistant]:
        """Return the assistants that have joined since the last call."""


def key_of_files(sources: Sequence[Path], options: PrepareOptions, required_multiple: int) -> str:
    """Return the cache key of a preparation by its files' paths, sizes and times, and the options.

    Raises:
        StudioError: a path is missing or unreadable.
    """
    stamps = source_stamps([Path(source) for source in sources], options)
    return quick_key(stamps, options, required_multiple)


def find_prepared(
    fingerprint: str, sources: Sequence[Path], *, cache: Path | None = None
) -> Dataset | None:
    """Return a prepared set from the cache by its fingerprint; None if it is not there.

    The sources themselves may be gone.

    Args:
        fingerprint: :attr:`Dataset.fingerprint` of the set.
        sources: the paths that the set came from.
        cache: root folder of the cache; None for the user's.
    """
    store = DatasetCache(cache if cache is not None else cache_dir())
    return store.find(fingerprint, sources, source_title(list(sources)))


@dataclass(frozen=True)
class _PreparationRequest:
    """The options asked for, and the path of the array file to write."""

    options: PrepareOptions
    multiple: int
    path: Path

    def sized(self, sizes: Counter[tuple[int, int]]) -> PrepareOptions:
        """Return the options with the image size set, chosen from these sizes if left open."""
        size = self.options.image_size or choose_size(sizes.items(), self.multiple)
        return self.options.model_copy(update={"image_size": size})

    def recipe(self, sized: PrepareOptions, headers: Sequence[Header]) -> Recipe:
        """Return the recipe for pictures with these headers."""
        assert sized.image_size is not None
        return recipe_for(sized, sized.image_size, headers)


@dataclass(frozen=True)
class _DecodePass:
    """A pass over the pictures, in this process or by a pool of workers."""

    decode: DecodePassRunner

    def run(
        self, items: Sequence[Item], target: Target | None
    ) -> Generator[tuple[Batch, BatchResult], None, None]:
        """Yield the batches of all pictures with what was found in each, in order."""
        return self.decode(self._batches(items, target), target)

    def _batches(self, items: Sequence[Item], target: Target | None) -> Iterator[Batch]:
        most = min(_BATCH_MOST, max(_BATCH_LEAST, len(items) // _BATCHES))
        if target is not None:
            most = max(1, min(most, _BATCH_ROW_BYTES // target.recipe.row_bytes))
        batch: list[Item] = []
        size = first = 0
        for item in items:
            batch.append(item)
            size += item.size
            if len(batch) >= most or size >= _BATCH_BYTES:
                yield Batch(batch, first)
                first += len(batch)
                batch, size = [], 0
        if batch:
            yield Batch(batch, first)


def _open_pool(
    stamps: Sequence[Stamp], stack: ExitStack, assistance: Assistance | None
) -> DecodePool | None:
    if len(stamps) < _POOL_MIN_FILES and sum(size for _, size, _ in stamps) < _POOL_MIN_BYTES:
        return None
    try:
        new_assistants = assistance.new_assistants if assistance else None
        return stack.enter_context(DecodePool(new_assistants))
    except OSError:
        return None


def _guess_target(items: Sequence[Item], wanted: _PreparationRequest) -> Target | None:
    """Return the probable recipe and file of the whole set, judging by a small sample of it."""
    placed = [item for item in items if item.file is None or item.file.location is not None]
    # Seeking backwards in a compressed tar means decompressing it again.
    few = placed[:: max(1, len(placed) // _SAMPLE_SIZE)] or items
    headers = []
    values = SeenValues() if wanted.options.range is None else None
    for item in few[:_SAMPLE_SIZE]:
        try:
            raw = read_item(item)
            headers.append(header_of(raw))
            if values is not None:
                values.add(values_of(raw))
        except (NotAPicture, UnusablePicture):
            continue
    if not headers:
        return None
    sized = wanted.sized(Counter(header.size for header in headers))
    recipe = wanted.recipe(sized, headers)
    if values is not None:
        with suppress(StudioError):
            recipe = replace(recipe, ranges=values.ranges("", wanted.options))
    return create_rows_file(wanted.path, recipe)


def _survey_pictures(
    collection: Collection, pass_over: _DecodePass, guess: Target | None
) -> Generator[Progress, None, tuple[Survey, PassResult | None]]:
    """Read every header and hash every picture's content; with a guess, decode and write them too.

    Raises:
        StudioError: there is no picture at all, or none with a valid header.
    """
    seen = Survey(rejects=list(collection.rejects))
    made = PassResult(guess) if guess is not None else None
    total = len(collection.items)
    text = _LOOKING if guess is None else _MAKING
    yield Progress(0, total, text, "pictures")
    with closing(pass_over.run(collection.items, guess)) as results:
        for batch, result in results:
            with paused_gc():
                _record_batch(batch, result, seen, made)
            yield Progress(batch.first + len(batch.items), total, text, "pictures")
    if not seen.items:
        raise no_usable_pictures_error(collection.title, tuple(seen.rejects), seen.others)
    return seen, made


def _record_batch(batch: Batch, result: BatchResult, seen: Survey, made: PassResult | None) -> None:
    for row, (item, one) in enumerate(zip(batch.items, result.outcomes, strict=True), batch.first):
        if one.kind == "other":
            seen.others[one.why] += 1
        elif one.kind == "left out":
            seen.rejects.append(Reject(item.name, one.why))
        else:
            seen.add(item, one.header, bytes.fromhex(one.digest))
            if made is not None:
                made.record(row, one)
    if made is not None:
        made.coloured |= result.coloured


def _decode_pictures(
    seen: Survey, pass_over: _DecodePass, target: Target
) -> Generator[Progress, None, PassResult]:
    """Decode and write the pictures whose headers are known."""
    made = PassResult(target)
    total = len(seen.items)
    with closing(pass_over.run(seen.items, target)) as results:
        for batch, result in results:
            last = batch.first + len(batch.items)
            for row, one in enumerate(result.outcomes, batch.first):
                same = one.digest == seen.digest(row).hex()
                made.record(row, one if same else Outcome("seen", _CHANGED))
            made.coloured |= result.coloured
            yield Progress(last, total, _MAKING, "pictures")
    return made
