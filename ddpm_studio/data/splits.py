"""Splits: parts of a set that go by train, validation and test, and which of them are read."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from functools import lru_cache

from ddpm_studio.errors import StudioError

TRAIN, ALL = "train", "all"
IMAGES, MASKS = "images", "masks"
#: Ends what is told of parts that are left aside.
TAKES_ALL = "--split all takes everything."
#: What each part is called by people, in lower case.
_WORDS = {
    TRAIN: ("train", "training", "trainset", "trn"),
    "val": ("val", "valid", "validation", "dev"),
    "test": ("test", "testing", "testset", "t10k", "eval"),
    "unlabeled": ("unlabeled", "unlabelled", "unsupervised"),
    "extra": ("extra",),
}
_BY_WORD = {word: split for split, words in _WORDS.items() for word in words}
# What lies beside pictures to be segmented: a mask for each, which is no picture to learn.
_MASK_WORDS = {
    IMAGES: (
        *("images", "image", "imgs", "img", "jpegimages", "pictures", "photos"),
        *("leftimg8bit", "img_dir"),
    ),
    MASKS: (
        *("masks", "mask", "annotations", "segmentation", "segmentations", "labels", "gt"),
        *("segmentationclass", "segmentationobject", "groundtruth", "ground_truth"),
        *("gtfine", "gtcoarse", "ann_dir", "trimaps"),
    ),
}
_BY_MASK_WORD = {word: part for part, words in _MASK_WORDS.items() for word in words}
# Words beside the part's own in the name of a folder: "training_set", "train2017", "seg_train".
_BESIDE = frozenset(
    ("set", "data", "dataset", "images", "image", "imgs", "img", "pictures", "seg", "part", "full")
)
_DOMAIN = re.compile(r"(train|test|val)([A-Z])")
_PIECES = re.compile(r"[^\W\d_]+")
_MASK_NAME = re.compile(
    r"(.+?)[ _.-](?:masks?|segmentation|seg|gt|groundtruth)(?:[ _-]?\d{1,3})?", re.IGNORECASE
)
# No system has longer paths.
_LONGEST = 4096
_JOINTS = re.compile(r"[\s_.-]+")


def split_of(word: str) -> str | None:
    """Return which part a word names, such as "val" for "Validation"; None: it names none."""
    return _BY_WORD.get(word.casefold())


def split_in(name: str) -> str | None:
    """Return the part of a set that a file's name has in it: "train-0001.tar"."""
    base = name.rpartition("/")[2].casefold()
    words = "".join(sign if sign.isalnum() else " " for sign in base).split()
    return next((split for word in words if (split := split_of(word))), None)


def parts_around(path: str) -> frozenset[str]:
    """Return which parts of a set the folders of a path tell."""
    return frozenset(part for folder in path.split("/")[:-1] if (part := _folder_split(folder)))


@lru_cache(1024)
def _folder_split(folder: str) -> str | None:
    part = folder_part(folder)
    return part[0] if part is not None else None


def part_of(column: str, value: str) -> str | None:
    """Return which part of a set a cell of a table names; None: it names none.

    CelebA's list_eval_partition.txt has numbers, fastai's tables a column is_valid.
    """
    if column.casefold() == "is_valid":
        return {"true": "val", "1": "val", "false": TRAIN, "0": TRAIN}.get(value.casefold())
    if column.casefold().endswith("partition"):
        return {"0": TRAIN, "1": "val", "2": "test"}.get(value) or split_of(value)
    return split_of(value)


def folder_part(name: str) -> tuple[str, str] | None:
    """Return which part of a set a folder's name tells, and what else it tells; None: no part.

    "training_set" and "train2017" are ("train", ""); CycleGAN's "trainA" is ("train", "A").
    """
    if (split := split_of(name)) is not None:
        return split, ""
    if (match := _DOMAIN.fullmatch(name)) is not None:
        return _BY_WORD[match[1]], match[2]
    words = _words_of(name)
    splits = [word for word in words if word in _BY_WORD]
    if len(splits) != 1 or any(word not in _BESIDE for word in words if word not in splits):
        return None
    return _BY_WORD[splits[0]], ""


def parts_beside(names: Collection[str]) -> dict[str, tuple[str, str]] | None:
    """Return the part of a set that each folder is, beside train and val or test; None: not there.

    There "test_simple" is of the test part, and "samples" is extra; so is "seg_pred" beside
    "seg_train" and "seg_test". "train" alone may be a class, beside "car" and "plane".
    """
    known = {name: part for name in names if (part := folder_part(name)) and not part[1]}
    if not _are_parts(split for split, _ in known.values()):
        return None
    first = {name: next(iter(_words_of(name)), "") for name in names}
    return {
        name: known.get(name, (_BY_WORD.get(word, "extra"), "")) for name, word in first.items()
    }


def parts_in(names: Collection[str]) -> dict[str, tuple[str, str]] | None:
    """Return the part that the name of each folder has within it, and the rest; None: not so.

    "DIV2K_train_HR" and "DIV2K_valid_HR" differ in their part alone. Where that is the rest of all,
    it tells nothing; beside "DIV2K_train_LR" it does. What else lies there is extra.
    """
    parts: dict[str, tuple[str, str]] = {}
    for name in names:
        splits = [word for word in _PIECES.findall(name) if word.casefold() in _BY_WORD]
        if len(splits) == 1:
            rest = _JOINTS.sub("_", name.replace(splits[0], "")).strip("_")
            parts[name] = (_BY_WORD[splits[0].casefold()], rest)
    rests = {rest for _, rest in parts.values()}
    if not any(_are_parts(part for part, of in parts.values() if of == rest) for rest in rests):
        return None
    told = {name: (part, rest if len(rests) > 1 else "") for name, (part, rest) in parts.items()}
    return {name: told.get(name, ("extra", "")) for name in names}


def _are_parts(splits: Iterable[str]) -> bool:
    """Whether there is a training part, and one to test or to validate."""
    known = set(splits)
    return TRAIN in known and bool(known & {"val", "test"})


def _words_of(name: str) -> list[str]:
    return [word.casefold() for word in _PIECES.findall(name)]


def mask_parts(names: Collection[str]) -> dict[str, str] | None:
    """Return which folders are pictures and which their masks; None: they are something else."""
    parts = {name: _BY_MASK_WORD.get(name.casefold(), "") for name in names}
    return parts if set(parts.values()) == {IMAGES, MASKS} else None


def mask_names(paths: Collection[str]) -> set[str]:
    """Return the pictures that are masks of others by their names: "a_mask.png" beside "a.png".

    As many as half of the others, as medical sets have them; else they may be pictures of masks.
    """
    stems = {path.rpartition(".")[0] for path in paths}
    found = set()
    of: set[str] = set()
    for path in paths:
        stem = path.rpartition(".")[0]
        match = _MASK_NAME.fullmatch(stem) if len(stem) < _LONGEST else None
        whole = next((one for one in _wholes(match[1]) if one in stems), None) if match else None
        if whole is not None:
            found.add(path)
            of.add(whole)
    return found if 2 * len(of) >= len(stems) - len(found) else set()


def _wholes(stem: str) -> tuple[str, ...]:
    """Return what a picture may be called whose mask is called so."""
    return stem, f"{stem}_image", f"{stem}_img"


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
    there -= {MASKS} if IMAGES in there else set()
    return there & {TRAIN, None} if TRAIN in there else there


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
    return f"{' and '.join(parts)} {verb} left aside; {TAKES_ALL}"
