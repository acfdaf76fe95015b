"""Preview of a prepared set from a few of its pictures, for the window while options change."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from ddpm_studio.data.collecting import Collection, collect
from ddpm_studio.data.decoding.decode_pass import NotAPicture, Raw, header_of, read_item, values_of
from ddpm_studio.data.decoding.decoding import Header
from ddpm_studio.data.decoding.signatures import PICTURE_SUFFIXES
from ddpm_studio.data.decoding.verdicts import UnusablePicture
from ddpm_studio.data.finalizing import labels_of
from ddpm_studio.data.fitting import (
    choose_size,
    is_gray,
    prepare_picture,
    recipe_for,
    resolve_options,
)
from ddpm_studio.data.items import Item, Pixels
from ddpm_studio.data.labels.selection import rename_classes
from ddpm_studio.data.ranges import SeenValues, known_ranges
from ddpm_studio.data.report import Reject
from ddpm_studio.data.survey import no_usable_pictures_error
from ddpm_studio.picture_shape import PictureShape
from ddpm_studio.requests import PrepareOptions

#: A set of bad pictures must not keep the window waiting.
_TRIES_PER_PICTURE = 4
_MAX_SECONDS = 3.0


@dataclass(frozen=True, eq=False)
class PreviewResult:
    """Some pictures as they would be prepared.

    Attributes:
        pictures: uint8 (N, H, W, C), spread evenly over the set.
        names: the name of each picture in its source.
        sizes: (width, height) of each picture before preparation.
        found: number of files that look like pictures; they are not all opened.
        skipped: number of rejected files: unreadable ones, and those tried that can't be used.
        options: the options with size and channels as chosen from these few pictures.
        classes: the class of each picture, None where it has none; empty if not asked for.
        ranges: the values of each dtype that became black and white, as of
            :attr:`ddpm_studio.data.Dataset.ranges`; of arrays alone if a range was asked for.
    """

    pictures: Pixels
    names: tuple[str, ...]
    sizes: tuple[tuple[int, int], ...]
    found: int
    skipped: int
    options: PrepareOptions
    classes: tuple[str | None, ...] = ()
    ranges: str = ""


def preview(
    sources: Sequence[Path],
    options: PrepareOptions,
    count: int = 24,
    *,
    required_multiple: int = 1,
    classes: bool = False,
) -> PreviewResult:
    """Prepare about ``count`` pictures spread over the set; bad ones are skipped.

    With ``classes`` the class of each picture is found too, which takes the names of the whole set.

    Raises:
        StudioError: as for :func:`prepare`, judging by the pictures tried.
    """
    with ExitStack() as stack:
        collection = collect([Path(source) for source in sources], stack, options)
        # The time limit starts after the listing, which alone may take as long on a busy machine.
        deadline = time.monotonic() + _MAX_SECONDS
        likely = [item for item in collection.items if _looks_like_picture(item)]
        candidates = likely or collection.items
        rejects = list(collection.rejects)
        others: Counter[str] = Counter()
        samples: list[tuple[int, Raw, Header]] = []
        for attempt, index in enumerate(_spread(len(candidates), count)):
            if len(samples) == count or (attempt and time.monotonic() > deadline):
                break
            item = candidates[index]
            try:
                raw = read_item(item)
                header = header_of(raw)
            except NotAPicture as verdict:
                others[str(verdict)] += 1
            except UnusablePicture as verdict:
                rejects.append(Reject(item.name, str(verdict)))
            else:
                samples.append((index, raw, header))
    if not samples:
        raise no_usable_pictures_error(collection.title, tuple(rejects), others)
    sizes = Counter(header.size for _, _, header in samples)
    size = options.image_size or choose_size(sizes.items(), required_multiple)
    recipe = recipe_for(options, size, [header for _, _, header in samples])
    values = SeenValues()
    if options.range_of("") is None:
        for _, raw, _ in samples:
            with suppress(UnusablePicture):
                values.add(values_of(raw, recipe.levels))
        recipe = replace(
            recipe, ranges=values.with_unseen(collection.title, options, recipe.ranges)
        )
    prepared: list[tuple[int, tuple[int, int], Pixels]] = []
    for index, raw, header in samples:
        if prepared and time.monotonic() > deadline:
            break
        try:
            prepared.append((index, header.size, prepare_picture(raw, recipe)))
        except UnusablePicture as verdict:
            rejects.append(Reject(candidates[index].name, str(verdict)))
    if not prepared:
        raise no_usable_pictures_error(collection.title, tuple(rejects))
    pictures = np.stack([picture for _, _, picture in prepared])
    if options.channels == "auto" and recipe.channels == 3 and is_gray(pictures):
        pictures = pictures[..., :1].copy()
    return PreviewResult(
        pictures,
        tuple(candidates[index].name for index, _, _ in prepared),
        tuple(header_size for _, header_size, _ in prepared),
        len(candidates) if likely else len(prepared),
        len(rejects),
        resolve_options(options, PictureShape.of(pictures), bands=recipe.bands),
        _classes(candidates, [entry[0] for entry in prepared], collection, options)
        if classes
        else (),
        known_ranges(values, recipe.ranges, collection.ranges, options),
    )


def _classes(
    items: Sequence[Item], indices: Sequence[int], collection: Collection, options: PrepareOptions
) -> tuple[str | None, ...]:
    """Return the class of each item shown, by its index, derived from all items together."""
    classes = labels_of(items, collection, options).classes
    if classes is None:
        return (None,) * len(indices)
    return tuple(rename_classes([classes[index] for index in indices], options.classes))


def _looks_like_picture(item: Item) -> bool:
    # Pictures in a table, as in Parquet, have no names.
    return item.file is None or not item.file.name or item.file.suffix in PICTURE_SUFFIXES


def _spread(total: int, count: int) -> list[int]:
    """Return evenly spread indices in order, followed by others between them as fallbacks."""
    if total <= count:
        return list(range(total))
    first = dict.fromkeys(index * total // count for index in range(count))
    finer_count = count * _TRIES_PER_PICTURE
    return list(first | dict.fromkeys(index * total // finer_count for index in range(finer_count)))
