"""Ratings and boards of gallery pictures, in JSON files next to them.

The picture files are not changed.
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

MAX_STARS = 5
MAX_BOARD_LENGTH = 60

_RATINGS, _BOARDS = "ratings.json", "boards.json"
_LOCK_SECONDS = 10.0
_MAX_BYTES = 4 << 20

Notes = dict[str, object]


def rate(files: Sequence[Path], stars: int) -> Generator[Event, None, None]:
    """Rate pictures, in a file next to them.

    Args:
        files: pictures of one or more galleries.
        stars: 0 (none) to 5.

    Raises:
        ValueError: for another number of stars.
        OSError: if it can't be written; the previous ratings are kept.
    """
    if not 0 <= stars <= MAX_STARS:
        raise ValueError(f"a rating has 0 to {MAX_STARS} stars, not {stars}")
    folders = _by_folder(files)
    for number, (folder, names) in enumerate(folders.items(), 1):
        _change(folder, _RATINGS, partial(_notes_with_rating, folder, names, stars))
        yield Progress(number, len(folders), "Rating")


def put_on_board(files: Sequence[Path], board: str, on: bool) -> Generator[Event, None, None]:
    """Add pictures to a board or remove them, in a file next to them.

    A board is a name shared by pictures of any runs; it exists as long as a picture has it.

    Args:
        files: pictures of one or more galleries.
        board: name of the board.
        on: True to add, False to remove.

    Raises:
        StudioError: if the name is invalid.
        OSError: if it can't be written; the previous boards are kept.
    """
    board = board_name(board)
    folders = _by_folder(files)
    for number, (folder, names) in enumerate(folders.items(), 1):
        _change(folder, _BOARDS, partial(_notes_with_board, folder, names, board, on))
        yield Progress(number, len(folders), "Putting on a board")


def board_name(text: str) -> str:
    """Return the normalised name of a board.

    Raises:
        StudioError: if it is invalid.
    """
    name = " ".join(text.split())
    if not name or len(name) > MAX_BOARD_LENGTH or not name.isprintable():
        raise StudioError(
            "A board needs a name."
            if not name
            else f"{name[:MAX_BOARD_LENGTH]} can't be its name.",
            f"Choose one of 1 to {MAX_BOARD_LENGTH} letters, digits or signs.",
        )
    return name


def read_stars(folder: Path) -> dict[str, int]:
    """Return the stars of a gallery's pictures by file name; damaged entries are ignored."""
    valid = range(1, MAX_STARS + 1)
    recorded = _read(folder / _RATINGS)
    return {
        name: stars for name, stars in recorded.items() if type(stars) is int and stars in valid
    }


def read_boards(folder: Path) -> dict[str, tuple[str, ...]]:
    """Return the boards of a gallery's pictures by file name; damaged entries are ignored."""
    found: dict[str, list[str]] = {}
    for board, names in sorted(_boards(folder).items()):
        for name in names:
            found.setdefault(name, []).append(board)
    return {name: tuple(boards) for name, boards in found.items()}


def remove_notes(folder: Path, names: Collection[str]) -> None:
    """Remove the stars and boards of these names, so that no later picture inherits them.

    Raises:
        OSError: if it can't be written.
    """
    removed = set(names)
    if removed & read_stars(folder).keys():
        _change(folder, _RATINGS, lambda: _star_notes(read_stars(folder), removed))
    if any(removed & members for members in _boards(folder).values()):
        _change(folder, _BOARDS, lambda: _board_notes(_boards(folder), removed))


def _notes_with_rating(folder: Path, names: Collection[str], stars: int) -> Notes:
    return _star_notes(read_stars(folder) | dict.fromkeys(names, stars))


def _notes_with_board(folder: Path, names: set[str], board: str, on: bool) -> Notes:
    boards = _boards(folder)
    members = boards.get(board, set())
    return _board_notes({**boards, board: members | names if on else members - names})


def _star_notes(stars: Mapping[str, int], removed: Collection[str] = ()) -> Notes:
    return {name: count for name, count in sorted(stars.items()) if count and name not in removed}


def _board_notes(boards: Mapping[str, set[str]], removed: Collection[str] = ()) -> Notes:
    remaining = {board: sorted(members - set(removed)) for board, members in sorted(boards.items())}
    return {board: names for board, names in remaining.items() if names}


def _by_folder(files: Iterable[Path]) -> dict[Path, set[str]]:
    found: dict[Path, set[str]] = {}
    for path in files:
        found.setdefault(path.parent, set()).add(path.name)
    return found


def _change(folder: Path, file_name: str, make_notes: Callable[[], Notes]) -> None:
    """Replace a notes file by what ``make_notes`` returns, under a lock against other processes."""
    from ddpm_studio.runs import atomic

    lock = folder / f".{Path(file_name).stem}.lock"
    with filelock.FileLock(lock, timeout=_LOCK_SECONDS):
        atomic.write_bytes(folder / file_name, json.dumps(make_notes(), indent=1).encode())


def _boards(folder: Path) -> dict[str, set[str]]:
    return {
        board: {name for name in names if isinstance(name, str)}
        for board, names in _read(folder / _BOARDS).items()
        if isinstance(names, list)
    }


def _read(path: Path) -> Notes:
    try:
        return read_object(path, _MAX_BYTES)
    except (OSError, ValueError):
        return {}
