"""Parts of a set that go by train, validation and test: which of them are read."""

from __future__ import annotations

from collections.abc import Collection

from ddpm_studio.errors import StudioError

TRAIN, ALL = "train", "all"
#: What each part is called by people, in lower case.
_WORDS = {
    TRAIN: ("train", "training", "trainset", "trn"),
    "val": ("val", "valid", "validation", "dev"),
    "test": ("test", "testing", "testset", "t10k", "eval"),
    "unlabeled": ("unlabeled", "unlabelled", "unsupervised"),
    "extra": ("extra",),
}
_BY_WORD = {word: split for split, words in _WORDS.items() for word in words}


def split_of(word: str) -> str | None:
    """Return which part a word names, such as "val" for "Validation"; None: it names none."""
    return _BY_WORD.get(word.casefold())


def taken_splits(found: Collection[str | None], asked: str | None) -> frozenset[str | None]:
    """Return which parts are read: what is asked for, else the training part if there is one.

    Args:
        found: the parts that there are; None stands for what belongs to no part.
        asked: a part, "all", or None.

    Raises:
        StudioError: there are parts, and what is asked for is none of them.
    """
    there = frozenset(found)
    if asked == ALL:
        return there
    if asked in there and asked is not None:
        return frozenset((asked,))
    if asked is not None and (named := sorted(one for one in there if one is not None)):
        raise StudioError(f"There is no part {asked}.", f"There are: {', '.join(named)}.")
    return there - {"val", "test", "unlabeled", "extra"} if TRAIN in there else there


def aside_told(counts: dict[str, int], what: str = "picture") -> str:
    """Return what to say about parts that are left aside, by their counts; empty: nothing."""
    parts = [
        f"{count:,} {what if count == 1 else what + 's'} of {split}"
        for split, count in counts.items()
    ]
    if not parts:
        return ""
    is_one = len(parts) == 1 and next(iter(counts.values())) == 1
    verb = "is" if is_one else "are"
    return f"{' and '.join(parts)} {verb} left aside; --split all takes everything."
