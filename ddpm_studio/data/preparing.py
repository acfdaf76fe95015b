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
from ddpm_studio.data.fitting import choose_size, recipe_for, requested_ranges
from ddpm_studio.data.formats.folders import Stamp
from ddpm_studio.data.items import Item
from ddpm_studio.data.labels.selection import check_requested_labels
from ddpm_studio.data.ranges import SeenValues, known_ranges, unexpected_ranges
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
from ddpm_studio.data.values import Range
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
_MAX_BATCH, _MIN_BATCH, _BATCHES = 512, 16, 32
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
    # A set that was read as expected anyway need not be prepared anew.
    unexpecting = quick_key(stamps, options.expecting({}), required_multiple)
    for key in dict.fromkeys((quick, unexpecting)):
        cached_key = store.load_key(key)
        dataset = store.load(cached_key, paths, title) if cached_key is not None else None
        if dataset and (key == quick or not unexpected_ranges(dataset.ranges, options)):
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
        request = _PreparationRequest(options, required_multiple, folder / IMAGES)
        if pool is not None and pool.ready():
            decode_pass = _DecodePass(pool.run_decode_pass)
            guess = _guess_target(collection.items, request)
        else:
            decode_pass = _DecodePass(decode_inline)
            guess = None
        survey, decoded = yield from _survey_pictures(collection, decode_pass, guess)
        sized = request.sized(survey.sizes())
        with paused_gc():
            content = content_bytes(survey)
            labels = labels_of(survey.items, collection, options)
        check_requested_labels(title, labels, options)
        key_parts: list[object] = current_rules(options)
        if key_parts:
            # The notes are stored with the pictures, so they are part of the key.
            key_parts += [
                digest_of(labels.classes),
                collection.notes,
                labels.notes,
                collection.formats,
            ]
            key_parts += [(choice.key, choice.title, choice.classes) for choice in labels.choices]
        requested = sized.model_copy(update={"rules": RULES})
        key = content_key(survey, content, requested, collection.warnings, key_parts, as_asked=True)
        dataset = store.load(key, paths, title)
        if dataset is None:
            recipe = request.recipe(sized, survey.headers)
            if decoded is not None:
                recipe = replace(recipe, ranges=decoded.ranges(title, options))
            if decoded is None or decoded.recipe != recipe:
                decoded = yield from _decode_pictures(
                    survey, decode_pass, create_rows_file(request.path, recipe)
                )
                # The meaning of the values is only known once all pictures are decoded.
                recipe = replace(recipe, ranges=decoded.ranges(title, options))
                if decoded.recipe != recipe:
                    decoded = yield from _decode_pictures(
                        survey, decode_pass, create_rows_file(request.path, recipe)
                    )
            resolved, description, key_parts = write_prepared(
                folder, collection, survey, decoded, sized
            )
            fingerprint = content_key(survey, content, resolved, collection.warnings, key_parts)
            ranges = known_ranges(decoded.values, decoded.recipe.ranges, collection.ranges, options)
            write_description(folder, key, fingerprint, resolved, *description, ranges)
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
        limit = min(_MAX_BATCH, max(_MIN_BATCH, len(items) // _BATCHES))
        if target is not None:
            limit = max(1, min(limit, _BATCH_ROW_BYTES // target.recipe.row_bytes))
        batch: list[Item] = []
        size = first = 0
        for item in items:
            batch.append(item)
            size += item.size
            if len(batch) >= limit or size >= _BATCH_BYTES:
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


def _guess_target(items: Sequence[Item], request: _PreparationRequest) -> Target | None:
    """Return the probable recipe and file of the whole set, judging by a small sample of it."""
    readable = [item for item in items if item.file is None or item.file.location is not None]
    # Seeking backwards in a compressed tar means decompressing it again.
    candidates = readable[:: max(1, len(readable) // _SAMPLE_SIZE)] or items
    headers = []
    requested = requested_ranges(request.options)
    known_levels = {dtype: Range(low, high) for dtype, low, high in requested}
    values = SeenValues() if request.options.range_of("") is None else None
    for item in candidates[:_SAMPLE_SIZE]:
        try:
            raw = read_item(item)
            headers.append(header_of(raw))
            if values is not None:
                values.add(values_of(raw, known_levels))
        except (NotAPicture, UnusablePicture):
            continue
    if not headers:
        return None
    sized = request.sized(Counter(header.size for header in headers))
    recipe = request.recipe(sized, headers)
    if values is not None:
        with suppress(StudioError):
            recipe = replace(recipe, ranges=values.with_unseen("", request.options, requested))
    return create_rows_file(request.path, recipe)


def _survey_pictures(
    collection: Collection, decode_pass: _DecodePass, guess: Target | None
) -> Generator[Progress, None, tuple[Survey, PassResult | None]]:
    """Read every header and hash every picture's content; with a guess, decode and write them too.

    Raises:
        StudioError: there is no picture at all, or none with a valid header.
    """
    survey = Survey(rejects=list(collection.rejects))
    decoded = PassResult(guess) if guess is not None else None
    total = len(collection.items)
    text = _LOOKING if guess is None else _MAKING
    yield Progress(0, total, text, "pictures")
    with closing(decode_pass.run(collection.items, guess)) as results:
        for batch, result in results:
            with paused_gc():
                _record_batch(batch, result, survey, decoded)
            yield Progress(batch.first + len(batch.items), total, text, "pictures")
    if not survey.items:
        raise no_usable_pictures_error(collection.title, tuple(survey.rejects), survey.others)
    return survey, decoded


def _record_batch(
    batch: Batch, result: BatchResult, survey: Survey, decoded: PassResult | None
) -> None:
    for row, (item, outcome) in enumerate(
        zip(batch.items, result.outcomes, strict=True), batch.first
    ):
        if outcome.kind == "other":
            survey.others[outcome.reason] += 1
        elif outcome.kind == "left out":
            survey.rejects.append(Reject(item.name, outcome.reason))
        else:
            survey.add(item, outcome.header, bytes.fromhex(outcome.digest))
            if decoded is not None:
                decoded.record(row, outcome)
    if decoded is not None:
        decoded.coloured |= result.coloured


def _decode_pictures(
    survey: Survey, decode_pass: _DecodePass, target: Target
) -> Generator[Progress, None, PassResult]:
    """Decode and write the pictures whose headers are known."""
    decoded = PassResult(target)
    total = len(survey.items)
    with closing(decode_pass.run(survey.items, target)) as results:
        for batch, result in results:
            done = batch.first + len(batch.items)
            for row, outcome in enumerate(result.outcomes, batch.first):
                unchanged = outcome.digest == survey.digest(row).hex()
                decoded.record(row, outcome if unchanged else Outcome("seen", _CHANGED))
            decoded.coloured |= result.coloured
            yield Progress(done, total, _MAKING, "pictures")
    return decoded
