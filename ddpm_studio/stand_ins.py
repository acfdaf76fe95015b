"""Files that only stand in for others: pointers of Git LFS, links of git-annex, error pages.

A download or a clone that went half way leaves them under the names of pictures, archives and
weights. They are whole, and no damage of the file that they stand for.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

from ddpm_studio.errors import StudioError

#: So many first bytes of a file are enough.
HEAD_BYTES = 512
#: None is larger: what is, need not be looked at.
MOST_BYTES = 4 << 20

_BEFORE = rb"(?:\xef\xbb\xbf)?\s*(?:<\?xml[^>]*>\s*)?(?:<!--.{0,200}?-->\s*)?"
_PAGE = re.compile(_BEFORE + rb"<(?:!doctype html|html|head|body)\b", re.IGNORECASE | re.DOTALL)
_XML_ERROR = re.compile(_BEFORE + rb"<error\b", re.IGNORECASE | re.DOTALL)
_JSON_ERROR = re.compile(rb'\s*\{\s*"(?:error|errors|message|detail|status)"\s*:', re.IGNORECASE)
_ERROR_WORDS = re.compile(
    rb"not found|access denied|access to|forbidden|unauthori[sz]ed|invalid username|"
    rb"permission denied|too many requests|rate limit",
    re.IGNORECASE,
)
_LONGEST_ERROR = 256
_ANNEX = re.compile(r"(?:^|/)annex/objects/")


class StandIn(NamedTuple):
    """What stands in the place of a file.

    Attributes:
        what: goes on behind "is": "only a pointer of Git LFS".
        remedy: what to do, as a sentence.
    """

    what: str
    remedy: str

    @property
    def reason(self) -> str:
        """Both, as a report's reason for leaving a file out: "kind: detail"."""
        if self is EMPTY:
            return "empty file"
        return f"{self.what}: {self.remedy[:1].lower()}{self.remedy[1:].rstrip('.')}"

    def error(self, name: str) -> StudioError:
        """Return the error for a file of this name."""
        return StudioError(f"{name} is {self.what}.", self.remedy)


LFS = StandIn("only a pointer of Git LFS", "Run git lfs pull where it was cloned.")
ANNEX = StandIn("only a link of git-annex", "Run git annex get where it was cloned.")
PAGE = StandIn("a web page in place of the file", "Download the file itself; the page may say why.")
ERROR = StandIn("a server's error in place of the file", "Download it again; the text may say why.")
EMPTY = StandIn("an empty file", "Download or save it again.")
_ALL = (LFS, ANNEX, PAGE, ERROR)


def stand_in(head: bytes, size: int) -> StandIn | None:
    """Return what stands in the place of a file; None: it may be what it is called.

    Args:
        head: its first :data:`HEAD_BYTES`.
        size: of all of it, in bytes.
    """
    if size == 0:
        return EMPTY
    if head.startswith(b"version https://git-lfs"):
        return LFS
    if _annex_pointer(head):
        return ANNEX
    if _PAGE.match(head):
        return PAGE
    # Under the name of a text this might be the text itself; nobody asks for these here.
    is_short = size <= _LONGEST_ERROR and head.isascii() and b"\0" not in head
    if (
        _XML_ERROR.match(head)
        or _JSON_ERROR.match(head)
        or (is_short and _ERROR_WORDS.search(head))
    ):
        return ERROR
    return None


def stand_in_at(path: Path) -> StandIn | None:
    """Return what stands in the place of a file on the disk; also a link of git-annex's."""
    try:
        size = path.stat().st_size
        if size > MOST_BYTES:
            return None
        with path.open("rb") as stream:
            return stand_in(stream.read(HEAD_BYTES), size)
    except OSError:
        return broken_link(path)


def broken_link(path: Path) -> StandIn | None:
    """Return :data:`ANNEX` where a link leads to what git-annex has not fetched."""
    try:
        target = path.readlink().as_posix()
    except OSError:
        return None
    return ANNEX if _ANNEX.search(target) else None


def remedy_of(kind: str) -> str:
    """Return the remedy for a report's kind of reason; empty: it is no stand-in."""
    return next((one.remedy for one in _ALL if one.what == kind), "")


def _annex_pointer(head: bytes) -> bool:
    """Whether a file begins as git-annex writes it where there are no links."""
    line = head.partition(b"\n")[0].replace(b"\\", b"/")
    return len(line) < HEAD_BYTES and bool(_ANNEX.search(line.decode("utf-8", "replace")))
