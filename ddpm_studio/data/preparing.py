"""The preparation itself: list, find in the cache, or look at every picture and keep it."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from ddpm_studio.data.collecting import Collection, collect, source_stamps, source_title
from ddpm_studio.data.dataset import Dataset
from ddpm_studio.data.decoding.crew import Batch, Crew, Looker, look_here
from ddpm_studio.data.decoding.decoding import Header
from ddpm_studio.data.decoding.looking import (
    RESULT_BYTES,
    Look,
    NotAPicture,
    Outcome,
    Target,
    header_of,
    read_item,
    values_of,
)
from ddpm_studio.data.decoding.pausing import no_collection
from ddpm_studio.data.decoding.resizing import Recipe
from ddpm_studio.data.decoding.verdicts import Unusable
from ddpm_studio.data.fitting import choose_size, recipe_for, settled
from ddpm_studio.data.formats.folders import Stamp
from ddpm_studio.data.items import Item, natural_key
from ddpm_studio.data.labels.choosing import (
    LEFT_OUT,
    Labels,
    check_asked,
    choose_labels,
    first_classes,
    renamed,
)
from ddpm_studio.data.ranges import SeenValues, Told
from ddpm_studio.data.report import Reject, Report, size_warnings
from ddpm_studio.data.rows import begin_rows, settle_rows
from ddpm_studio.data.store import (
    IMAGES,
    LABELS,
    NAMES,
    Store,
    content_key,
    contents,
    digest_of,
    quick_key,
    todays,
    write_description,
)
from ddpm_studio.data.survey import Found, Survey, nothing_usable
from ddpm_studio.errors import StudioError
from ddpm_studio.paths import cache_dir
from ddpm_studio.picture_shape import PictureShape
from ddpm_studio.progress import Progress
from ddpm_studio.requests import FIRST_RULES, RULES, PrepareOptions

_BATCH_BYTES = 8 * 2**20
_BATCH_ROW_BYTES = 16 * 2**20
_BATCH_MOST, _BATCH_LEAST, _BATCHES = 512, 16, 32
#: What is less is prepared here before other processes have even started.
_CREW_FROM_BYTES, _CREW_FROM_FILES = 5 * 2**20, 2000
#: So many pictures tell what a whole set will be, or else it is made anew.
_GUESSED_FROM = 16

_CHANGED = "changed while it was read"


def prepare(
    sources: Sequence[Path],
    options: PrepareOptions,
    *,
    cache: Path | None = None,
    required_multiple: int = 1,
) -> Generator[Progress, None, Dataset]:
    """Turn whatever was dropped into one array of equal pictures.

    Large sets are read once, by all cores. Closing the generator cancels; nothing half-written
    stays.

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
    stamps = source_stamps(paths, options)
    quick = quick_key(stamps, options, required_multiple)
    known = store.recall(quick)
    if known is not None and (dataset := store.load(known, paths, title)) is not None:
        yield Progress(1, 1, "Found in the cache")
        return dataset
    with ExitStack() as stack:
        # It starts while the files are listed.
        crew = _crew(stamps, stack)
        with no_collection():
            collection = collect(paths, stack, options)
        folder = stack.enter_context(store.writing())
        wanted = _Wanted(options, required_multiple, folder / IMAGES)
        if crew is not None and crew.ready():
            pass_over = _Pass(crew.look)
            guess = _guess(collection.items, wanted)
        else:
            pass_over = _Pass(look_here)
            guess = None
        seen, made = yield from _look(collection, pass_over, guess)
        sized = wanted.sized(seen.sizes())
        with no_collection():
            content = contents(seen)
            labels = _labels([found.item for found in seen.found], collection, options)
        check_asked(title, labels, options)
        more: list[object] = todays(options)
        if more:
            # What is told of them is kept with the pictures.
            more += [digest_of(labels.classes), collection.told]
        asked = sized.model_copy(update={"rules": RULES})
        key = content_key(seen, content, asked, collection.warnings, more, as_asked=True)
        dataset = store.load(key, paths, title)
        if dataset is None:
            recipe = wanted.recipe(sized, [found.header for found in seen.found])
            if made is not None:
                recipe = replace(recipe, ranges=made.ranges(title, options))
            if made is None or made.target.recipe != recipe:
                made = yield from _make(seen, pass_over, begin_rows(wanted.path, recipe))
                # Only once they are decoded it is known what their values mean.
                recipe = replace(recipe, ranges=made.ranges(title, options))
                if made.target.recipe != recipe:
                    made = yield from _make(seen, pass_over, begin_rows(wanted.path, recipe))
            resolved, described, more = _settle(folder, collection, seen, made, sized)
            fingerprint = content_key(seen, content, resolved, collection.warnings, more)
            write_description(folder, key, fingerprint, resolved, *described)
            store.keep(folder, key)
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


@dataclass(frozen=True)
class _Wanted:
    """What is asked for, and where what is made goes."""

    options: PrepareOptions
    multiple: int
    path: Path

    def sized(self, sizes: Counter[tuple[int, int]]) -> PrepareOptions:
        """Return the options with the size chosen for pictures of these sizes."""
        size = self.options.image_size or choose_size(sizes.items(), self.multiple)
        return self.options.model_copy(update={"image_size": size})

    def recipe(self, sized: PrepareOptions, headers: Sequence[Header]) -> Recipe:
        """Return how pictures with these headers are made."""
        assert sized.image_size is not None
        return recipe_for(sized, sized.image_size, headers)


@dataclass(frozen=True)
class _Pass:
    """Who looks at the pictures."""

    look: Looker

    def over(
        self, items: Sequence[Item], target: Target | None
    ) -> Generator[tuple[Batch, Look], None, None]:
        """Look at all pictures, in order."""
        return self.look(self._batches(items, target), target)

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


@dataclass
class _Made:
    """What a pass has made, in little memory: there may be a million pictures.

    Args:
        target: where the rows are.
        rows: of each found picture its row.
        results: hashes of what was made, one after another.
        why: of each picture that was not made the reason, by its number among the found ones.
        values: the numbers of all pictures.
        coloured: the channels of one are not all equal.
    """

    target: Target
    rows: array[int] = field(default_factory=lambda: array("q"))
    results: bytearray = field(default_factory=bytearray)
    why: dict[int, str] = field(default_factory=dict)
    values: SeenValues = field(default_factory=SeenValues)
    coloured: bool = False

    def note(self, row: int, one: Outcome) -> None:
        """Take what became of the next picture."""
        if one.kind != "made":
            self.why[len(self.rows)] = one.why
        self.rows.append(row)
        self.results += bytes.fromhex(one.result) if one.kind == "made" else bytes(RESULT_BYTES)
        self.values.add(one.values)

    def ranges(self, title: str, options: PrepareOptions) -> Told:
        """Return which of their numbers become black and white."""
        return self.values.ranges(title, options)

    def different(self, numbers: Sequence[int]) -> int:
        """Return how many different pictures these found ones became."""
        halves = np.frombuffer(self.results, [("a", "u8"), ("b", "u8")])
        return len(np.unique(halves[np.asarray(numbers, np.int64)]))


def _crew(stamps: Sequence[Stamp], stack: ExitStack) -> Crew | None:
    if len(stamps) < _CREW_FROM_FILES and sum(size for _, size, _ in stamps) < _CREW_FROM_BYTES:
        return None
    try:
        return stack.enter_context(Crew())
    except OSError:
        return None


def _guess(items: Sequence[Item], wanted: _Wanted) -> Target | None:
    """Return how the set will probably be made, judged by a few pictures."""
    placed = [item for item in items if item.file is None or item.file.place is not None]
    # Going back in a packed tar means to unpack it anew.
    few = placed[:: max(1, len(placed) // _GUESSED_FROM)] or items
    headers = []
    values = SeenValues()
    for item in few[:_GUESSED_FROM]:
        try:
            raw = read_item(item)
            headers.append(header_of(raw))
            values.add(values_of(raw))
        except (NotAPicture, Unusable):
            continue
    if not headers:
        return None
    sized = wanted.sized(Counter(header.size for header in headers))
    recipe = wanted.recipe(sized, headers)
    with suppress(StudioError):
        recipe = replace(recipe, ranges=values.ranges("", wanted.options))
    return begin_rows(wanted.path, recipe)


def _look(
    collection: Collection, pass_over: _Pass, guess: Target | None
) -> Generator[Progress, None, tuple[Survey, _Made | None]]:
    """Read every header and hash every picture's content; with a guess, make them too.

    Raises:
        StudioError: there is no picture at all, or none with a good header.
    """
    seen = Survey(rejects=list(collection.rejects))
    made = _Made(guess) if guess is not None else None
    total = len(collection.items)
    text = "Looking at the pictures" if guess is None else "Preparing the pictures"
    yield Progress(0, total, text, "pictures")
    with closing(pass_over.over(collection.items, guess)) as looked:
        for batch, look in looked:
            with no_collection():
                _take(batch, look, seen, made)
            yield Progress(batch.first + len(batch.items), total, text, "pictures")
    if not seen.found:
        raise nothing_usable(collection.title, tuple(seen.rejects), seen.others)
    return seen, made


def _take(batch: Batch, look: Look, seen: Survey, made: _Made | None) -> None:
    for row, (item, one) in enumerate(zip(batch.items, look.outcomes, strict=True), batch.first):
        if one.kind == "other":
            seen.others[one.why] += 1
        elif one.kind == "left out":
            seen.rejects.append(Reject(item.name, one.why))
        else:
            seen.add(item, one.header, bytes.fromhex(one.digest))
            if made is not None:
                made.note(row, one)
    if made is not None:
        made.coloured |= look.coloured


def _make(seen: Survey, pass_over: _Pass, target: Target) -> Generator[Progress, None, _Made]:
    """Make pictures whose headers are known."""
    made = _Made(target)
    total = len(seen.found)
    with closing(pass_over.over([found.item for found in seen.found], target)) as looked:
        for batch, look in looked:
            last = batch.first + len(batch.items)
            for row, one in enumerate(look.outcomes, batch.first):
                same = one.digest == seen.found[row].digest.hex()
                made.note(row, one if same else Outcome("seen", _CHANGED))
            made.coloured |= look.coloured
            yield Progress(last, total, "Preparing the pictures", "pictures")
    return made


def _settle(
    folder: Path, collection: Collection, seen: Survey, made: _Made, sized: PrepareOptions
) -> tuple[PrepareOptions, tuple[list[str], Report], list[object]]:
    """Write the array and the labels.

    Returns:
        The options settled on, classes and the report, and what else decides what the pictures
        became.

    Raises:
        StudioError: no picture could be decoded.
    """
    rejects = [*seen.rejects]
    rejects += [Reject(seen.found[at].item.name, why) for at, why in made.why.items()]
    chosen = [at for at in range(len(seen.found)) if at not in made.why]
    kept = [seen.found[at] for at in chosen]
    if not kept:
        raise nothing_usable(collection.title, tuple(rejects))
    recipe = made.target.recipe
    labels = _labels([found.item for found in kept], collection, sized)
    classes, told = labels.classes, [*labels.told]
    if classes is not None:
        before = [found.item for found in kept]
        rejects += [
            Reject(item.name, "without a label")
            for item, one in zip(before, classes, strict=True)
            if one is None
        ]
        classes = renamed(classes, sized.classes)
        if None in classes:
            if line := _classes_left_out(labels.classes, sized.classes):
                told.append(line)
            chosen = [at for at, one in zip(chosen, classes, strict=True) if one is not None]
            kept = [seen.found[at] for at in chosen]
            classes = [one for one in classes if one is not None]
        if not kept:
            raise StudioError(f"No class of {collection.title} is left.", "Leave fewer out.")
    collapses = recipe.channels == 3 and sized.channels == "auto" and not made.coloured
    collapses = collapses and recipe.pick is None
    rows = np.frombuffer(made.rows, np.int64)[chosen]
    settle_rows(made.target, rows, gray=collapses)
    names = [one for one in classes or [] if one is not None]
    class_names = sorted(set(names), key=natural_key)
    if names:
        index = {name: number for number, name in enumerate(class_names)}
        np.save(folder / LABELS, np.array([index[name] for name in names], np.int64))
    listed = "\n".join(found.item.name.replace("\n", " ") for found in kept)
    (folder / NAMES).write_bytes(listed.encode(errors="surrogatepass"))
    counts = Counter(names)
    report = Report(
        source=collection.title,
        found=len(kept) + len(rejects),
        kept=len(kept),
        rejects=tuple(rejects),
        sizes=tuple(Counter(found.header.size for found in kept).most_common()),
        duplicates=len(kept) - made.different(chosen),
        class_counts=tuple((name, counts[name]) for name in class_names),
        others=tuple(seen.others.most_common()),
        warnings=(*size_warnings(len(kept)), *collection.warnings),
        told=() if sized.rules == FIRST_RULES else _told(collection, made, kept, told),
        label_choices=tuple((one.key, one.title, one.classes) for one in labels.choices),
        labels=labels.taken,
        classes_found=_counted(labels.classes),
    )
    shape = PictureShape(recipe.height, recipe.width, 1 if collapses else recipe.channels)
    resolved = settled(sized, shape, bands=recipe.bands)
    more = _beyond_first(kept, recipe, classes)
    if len(kept) < len(seen.found) - len(made.why):
        more.append({"kept": digest_of([str(row) for row in rows])})
    return resolved, (class_names, report), more


def _told(
    collection: Collection, made: _Made, kept: Sequence[Found], labels: Sequence[str]
) -> tuple[str, ...]:
    """Return what to say about axes, values, frames and classes."""
    values = made.values.told(collection.title, made.target.recipe.ranges)
    frames = [found.header.frames for found in kept if found.header.frames > 1]
    told = [*collection.told, *values, *labels]
    if frames and not any(found.item.frame for found in kept):
        files = "1 file has" if len(frames) == 1 else f"{len(frames):,} files have"
        told.append(
            f"{files} several frames or pages, {sum(frames):,} in all: the first of each is taken; "
            "--frames all takes every one."
        )
    return tuple(told)


def _counted(classes: Sequence[str | None] | None) -> tuple[tuple[str, int], ...]:
    counts = Counter(one for one in classes or () if one is not None)
    return tuple((name, counts[name]) for name in sorted(counts, key=natural_key))


def _classes_left_out(classes: Sequence[str | None] | None, names: Mapping[str, str]) -> str:
    """Say how many pictures the classes had that are left out."""
    counts = Counter(one for one in classes or () if one is not None)
    out = [old for old, new in names.items() if new == LEFT_OUT and counts[old]]
    if not out:
        return ""
    total = sum(counts[old] for old in out)
    return f"{total:,} pictures of {', '.join(out)} left out, as asked."


def _beyond_first(
    kept: Sequence[Found], recipe: Recipe, classes: Sequence[str | None] | None
) -> list[object]:
    """Return what these pictures are beyond what version 0.1.0 would have made of them."""
    more: list[object] = []
    if recipe.ranges:
        more.append({"ranges": recipe.ranges})
    first = first_classes([found.item for found in kept])
    if classes != first:
        more.append({"classes": digest_of(classes)})
    return more


def _labels(items: Sequence[Item], collection: Collection, options: PrepareOptions) -> Labels:
    return choose_labels(items, collection.sources, collection.own, options)
