"""Splits of a set (train, validation, test; pictures, masks): finding and selecting them."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from functools import lru_cache

from ddpm_studio.errors import StudioError

TRAIN, ALL = "train", "all"
IMAGES, MASKS = "images", "masks"
#: Ends the warning about splits that are left out.
SPLIT_ALL_HINT = "--split all takes everything."
#: Usual names of each split, in lower case.
_WORDS = {
    TRAIN: ("train", "training", "trainset", "trn"),
    "val": ("val", "valid", "validation", "dev"),
    "test": ("test", "testing", "testset", "t10k", "eval"),
    "unlabeled": ("unlabeled", "unlabelled", "unsupervised"),
    "extra": ("extra",),
}
_BY_WORD = {word: split for split, words in _WORDS.items() for word in words}
# Segmentation data sets have a folder of pictures and one of masks, which are not to be learnt.
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
_BY_MASK_WORD = {word: kind for kind, words in _MASK_WORDS.items() for word in words}
# Words next to the split's own in the name of a folder: "training_set", "seg_train".
_QUALIFIERS = frozenset(
    ("set", "data", "dataset", "images", "image", "imgs", "img", "pictures", "seg", "part", "full")
)
_DOMAIN = re.compile(r"(train|test|val)([A-Z])")
_PIECES = re.compile(r"[^\W\d_]+")
_MASK_NAME = re.compile(
    r"(.+?)[ _.-](?:masks?|segmentation|seg|gt|groundtruth)(?:[ _-]?\d{1,3})?", re.IGNORECASE
)
# No operating system has longer paths.
_MAX_PATH_LENGTH = 4096
_SEPARATORS = re.compile(r"[\s_.-]+")


def split_of(word: str) -> str | None:
    """Return the split that a word names, such as "val" for "Validation"; None if it names none."""
    return _BY_WORD.get(word.casefold())


def split_in(name: str) -> str | None:
    """Return the split named in a file's name, such as "train" in "train-0001.tar", or None."""
    base = name.rpartition("/")[2].casefold()
    words = "".join(character if character.isalnum() else " " for character in base).split()
    return next((split for word in words if (split := split_of(word))), None)


def splits_in_path(path: str) -> frozenset[str]:
    """Return the splits that the folders of a path name."""
    return frozenset(split for folder in path.split("/")[:-1] if (split := _folder_split(folder)))


def innermost_split(path: str) -> str | None:
    """Return the split that the folders of a path name, the innermost that does; else None."""
    folders = reversed(path.split("/")[:-1])
    return next((split for folder in folders if (split := _folder_split(folder))), None)


@lru_cache(1024)
def _folder_split(folder: str) -> str | None:
    split_domain = split_of_folder(folder)
    return split_domain[0] if split_domain is not None else None


def split_of_cell(column: str, value: str) -> str | None:
    """Return the split that a cell of a table names; None if it names none.

    CelebA's list_eval_partition.txt has numbers, fastai's tables have a column is_valid.
    """
    if column.casefold() == "is_valid":
        return {"true": "val", "1": "val", "false": TRAIN, "0": TRAIN}.get(value.casefold())
    if column.casefold().endswith("partition"):
        return {"0": TRAIN, "1": "val", "2": "test"}.get(value) or split_of(value)
    return split_of(value)


def split_of_folder(name: str) -> tuple[str, str] | None:
    """Return the split that a folder's name gives, and its domain if any; None if no split.

    "training_set" and "train2017" are ("train", ""); CycleGAN's "trainA" is ("train", "A").
    """
    if (split := split_of(name)) is not None:
        return split, ""
    if (match := _DOMAIN.fullmatch(name)) is not None:
        return _BY_WORD[match[1]], match[2]
    words = _words_of(name)
    splits = [word for word in words if word in _BY_WORD]
    if len(splits) != 1 or any(word not in _QUALIFIERS for word in words if word not in splits):
        return None
    return _BY_WORD[splits[0]], ""


def splits_of_siblings(names: Collection[str]) -> dict[str, tuple[str, str]] | None:
    """Return the split of each sibling folder; None unless they include train and val or test.

    Where they do, "test_simple" belongs to the test split, and "samples" is extra; so is "seg_pred"
    next to "seg_train" and "seg_test". "train" alone may be a class, next to "car" and "plane".
    """
    known = {
        name: split_domain
        for name in names
        if (split_domain := split_of_folder(name)) and not split_domain[1]
    }
    if not _include_training(split for split, _ in known.values()):
        return None
    first_words = {name: next(iter(_words_of(name)), "") for name in names}
    return {
        name: known.get(name, (_BY_WORD.get(word, "extra"), ""))
        for name, word in first_words.items()
    }


def splits_in_folder_names(names: Collection[str]) -> dict[str, tuple[str, str]] | None:
    """Return the split within the name of each sibling folder, and the rest of the name.

    "DIV2K_train_HR" and "DIV2K_valid_HR" differ in their split alone. A rest that all of them share
    says nothing and is left empty; next to "DIV2K_train_LR" it is "DIV2K_HR". Other folders are
    extra. None if there are no such names for train and val or test.
    """
    splits_by_name: dict[str, tuple[str, str]] = {}
    for name in names:
        split_words = [word for word in _PIECES.findall(name) if word.casefold() in _BY_WORD]
        if len(split_words) == 1:
            rest = _SEPARATORS.sub("_", name.replace(split_words[0], "")).strip("_")
            splits_by_name[name] = (_BY_WORD[split_words[0].casefold()], rest)
    rests = {rest for _, rest in splits_by_name.values()}
    if not any(
        _include_training(
            split for split, other_rest in splits_by_name.values() if other_rest == rest
        )
        for rest in rests
    ):
        return None
    result = {
        name: (split, rest if len(rests) > 1 else "")
        for name, (split, rest) in splits_by_name.items()
    }
    return {name: result.get(name, ("extra", "")) for name in names}


def _include_training(splits: Iterable[str]) -> bool:
    """Whether there is a training split, and one for test or validation."""
    existing = set(splits)
    return TRAIN in existing and bool(existing & {"val", "test"})


def _words_of(name: str) -> list[str]:
    return [word.casefold() for word in _PIECES.findall(name)]


def mask_splits(names: Collection[str]) -> dict[str, str] | None:
    """Return whether each sibling folder holds pictures or masks; None unless all names say so."""
    kinds = {name: _BY_MASK_WORD.get(name.casefold(), "") for name in names}
    return kinds if set(kinds.values()) == {IMAGES, MASKS} else None


def mask_paths(paths: Collection[str]) -> set[str]:
    """Return the paths of segmentation masks, by their names: "a_mask.png" next to "a.png".

    Empty unless at least half of the other pictures have one, as in medical sets; fewer may be
    pictures of masks.
    """
    stems = {path.rpartition(".")[0] for path in paths}
    found = set()
    masked_stems: set[str] = set()
    for path in paths:
        stem = path.rpartition(".")[0]
        match = _MASK_NAME.fullmatch(stem) if len(stem) < _MAX_PATH_LENGTH else None
        picture_stem = (
            next((candidate for candidate in _picture_stems(match[1]) if candidate in stems), None)
            if match
            else None
        )
        if picture_stem is not None:
            found.add(path)
            masked_stems.add(picture_stem)
    return found if 2 * len(masked_stems) >= len(stems) - len(found) else set()


def _picture_stems(stem: str) -> tuple[str, ...]:
    """Return the possible names of the picture whose mask has this stem."""
    return stem, f"{stem}_image", f"{stem}_img"


def selected_splits(splits: Collection[str | None], requested: str | None) -> frozenset[str | None]:
    """Return the splits to read: the one asked for, else the training split if there is one.

    With the training split, pictures of no split are read too. Without it, all are read, except
    masks next to pictures.

    Args:
        splits: the splits that there are; None stands for pictures of no split.
        requested: a split, "all", or None.

    Raises:
        StudioError: there are splits, and the one asked for is not among them.
    """
    existing = frozenset(splits)
    if requested == ALL:
        return existing
    if requested in existing and requested is not None:
        return frozenset((requested,))
    if requested is not None and (
        names := sorted(split for split in existing if split is not None)
    ):
        raise StudioError(f"There is no part {requested}.", f"There are: {', '.join(names)}.")
    existing -= {MASKS} if IMAGES in existing else set()
    return existing & {TRAIN, None} if TRAIN in existing else existing


def left_out_warning(counts: dict[str, int], noun: str = "picture") -> str:
    """Return a warning about the splits left out, given their counts; empty if there are none."""
    texts = [
        f"{count:,} {noun if count == 1 else noun + 's'} of {split}"
        for split, count in counts.items()
    ]
    if not texts:
        return ""
    is_one = len(texts) == 1 and next(iter(counts.values())) == 1
    verb = "is" if is_one else "are"
    return f"{' and '.join(texts)} {verb} left aside; {SPLIT_ALL_HINT}"
