"""Notes beside the pictures of a gallery: their ratings, and the boards they are on.

The pictures' own files are not touched.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Generator, Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path

import filelock

from ddpm_studio.errors import StudioError
from ddpm_studio.jobs.events import Event, Progress
from ddpm_studio.strict_json import read_object

MOST_STARS = 5
LONGEST_BOARD = 60

_RATINGS, _BOARDS = "ratings.json", "boards.json"
_LOCK_SECONDS = 10.0
_MOST_BYTES = 4 << 20

Notes = dict[str, object]


def rate(files: Sequence[Path], stars: int) -> Generator[Event, None, None]:
    """Write ratings beside the pictures.

    Args:
        files: of one gallery or several.
        stars: 0 (none) to 5.

    Raises:
        ValueError: for another number of stars.
        OSError: if it can't be written; the ratings from before are still there.
    """
    if not 0 <= stars <= MOST_STARS:
        raise ValueError(f"a rating has 0 to {MOST_STARS} stars, not {stars}")
    for folder, names in _by_folder(files).items():
        _change(folder, _RATINGS, partial(_rated, folder, names, stars))
        yield Progress(1, 1, "Rating")


def put_on_board(files: Sequence[Path], board: str, on: bool) -> Generator[Event, None, None]:
    """Write beside the pictures that they are on a board, or are no longer.

    A board is a name that pictures of any runs have in common: it is there as long as one has it.

    Args:
        files: of one gallery or several.
        board: its name.
        on: False takes them off.

    Raises:
        StudioError: if no board can have the name.
        OSError: if it can't be written; the boards from before are still there.
    """
    board = board_name(board)
    for folder, names in _by_folder(files).items():
        _change(folder, _BOARDS, partial(_put, folder, names, board, on))
        yield Progress(1, 1, "Putting on a board")


def board_name(text: str) -> str:
    """Return a board's name as it is kept.

    Raises:
        StudioError: if it can't be one.
    """
    name = " ".join(text.split())
    if not name or len(name) > LONGEST_BOARD or not name.isprintable():
        raise StudioError(
            "A board needs a name." if not name else f"{name[:LONGEST_BOARD]} can't be its name.",
            f"Choose one of 1 to {LONGEST_BOARD} letters, digits or signs.",
        )
    return name


def stars_of(folder: Path) -> dict[str, int]:
    """Return the stars of the pictures in a gallery by file name; what is damaged has none."""
    valid = range(1, MOST_STARS + 1)
    told = _read(folder / _RATINGS)
    return {name: stars for name, stars in told.items() if type(stars) is int and stars in valid}


def boards_of(folder: Path) -> dict[str, tuple[str, ...]]:
    """Return the boards of the pictures in a gallery by file name; damaged ones count as none."""
    found: dict[str, list[str]] = {}
    for board, names in sorted(_boards(folder).items()):
        for name in names:
            found.setdefault(name, []).append(board)
    return {name: tuple(boards) for name, boards in found.items()}


def forget(folder: Path, names: Collection[str]) -> None:
    """Let no other picture that gets one of these names have its stars and boards.

    Raises:
        OSError: if it can't be written.
    """
    gone = set(names)
    if gone & stars_of(folder).keys():
        _change(folder, _RATINGS, lambda: _given(stars_of(folder), gone))
    if any(gone & those for those in _boards(folder).values()):
        _change(folder, _BOARDS, lambda: _filled(_boards(folder), gone))


def _rated(folder: Path, names: Collection[str], stars: int) -> Notes:
    return _given(stars_of(folder) | dict.fromkeys(names, stars))


def _put(folder: Path, names: set[str], board: str, on: bool) -> Notes:
    boards = _boards(folder)
    there = boards.get(board, set())
    return _filled({**boards, board: there | names if on else there - names})


def _given(stars: Mapping[str, int], gone: Collection[str] = ()) -> Notes:
    return {name: number for name, number in sorted(stars.items()) if number and name not in gone}


def _filled(boards: Mapping[str, set[str]], gone: Collection[str] = ()) -> Notes:
    left = {board: sorted(those - set(gone)) for board, those in sorted(boards.items())}
    return {board: names for board, names in left.items() if names}


def _by_folder(files: Iterable[Path]) -> dict[Path, set[str]]:
    found: dict[Path, set[str]] = {}
    for path in files:
        found.setdefault(path.parent, set()).add(path.name)
    return found


def _change(folder: Path, notes: str, changed: Callable[[], Notes]) -> None:
    """Write what ``changed`` makes of what is there: another window may write there too."""
    from ddpm_studio.runs import atomic

    lock = folder / f".{Path(notes).stem}.lock"
    with filelock.FileLock(lock, timeout=_LOCK_SECONDS):
        atomic.write_bytes(folder / notes, json.dumps(changed(), indent=1).encode())


def _boards(folder: Path) -> dict[str, set[str]]:
    return {
        board: {name for name in names if isinstance(name, str)}
        for board, names in _read(folder / _BOARDS).items()
        if isinstance(names, list)
    }


def _read(path: Path) -> Notes:
    try:
        return read_object(path, _MOST_BYTES)
    except (OSError, ValueError):
        return {}
