"""Placeholder files: Git LFS pointers, git-annex links, and error pages saved as downloads.

Incomplete downloads and clones leave them under the names of pictures, archives and weights. They
are intact files, so they are reported as what they are and not as damaged.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

from ddpm_studio.errors import StudioError

#: Number of bytes at the start of a file that are examined.
HEAD_BYTES = 512
#: Largest size of a placeholder; larger files are not examined.
MAX_BYTES = 4 << 20

_PROLOGUE = rb"(?:\xef\xbb\xbf)?\s*(?:<\?xml[^>]*>\s*)?(?:<!--.{0,200}?-->\s*)?"
_HTML = re.compile(_PROLOGUE + rb"<(?:!doctype html|html|head|body)\b", re.IGNORECASE | re.DOTALL)
_XML_ERROR = re.compile(_PROLOGUE + rb"<error\b", re.IGNORECASE | re.DOTALL)
_JSON_ERROR = re.compile(rb'\s*\{\s*"(?:error|errors|message|detail|status)"\s*:', re.IGNORECASE)
_ERROR_WORDS = re.compile(
    rb"not found|access denied|access to|forbidden|unauthori[sz]ed|invalid username|"
    rb"permission denied|too many requests|rate limit",
    re.IGNORECASE,
)
_MAX_ERROR_LENGTH = 256
_ANNEX = re.compile(r"(?:^|/)annex/objects/")


class Placeholder(NamedTuple):
    """A kind of placeholder in the place of a file.

    Attributes:
        description: a phrase to follow "is": "only a pointer of Git LFS".
        remedy: what to do, as a sentence.
    """

    description: str
    remedy: str

    @property
    def reason(self) -> str:
        """The reason in a data report for leaving the file out: "kind: detail"."""
        if self is EMPTY:
            return "empty file"
        return f"{self.description}: {self.remedy[:1].lower()}{self.remedy[1:].rstrip('.')}"

    def error(self, name: str) -> StudioError:
        """Return the error to raise for a file of this name."""
        return StudioError(f"{name} is {self.description}.", self.remedy)


GIT_LFS = Placeholder("only a pointer of Git LFS", "Run git lfs pull where it was cloned.")
GIT_ANNEX = Placeholder("only a link of git-annex", "Run git annex get where it was cloned.")
WEB_PAGE = Placeholder(
    "a web page in place of the file", "Download the file itself; the page may say why."
)
SERVER_ERROR = Placeholder(
    "a server's error in place of the file", "Download it again; the text may say why."
)
EMPTY = Placeholder("an empty file", "Download or save it again.")
_ALL = (GIT_LFS, GIT_ANNEX, WEB_PAGE, SERVER_ERROR)


def detect_placeholder(head: bytes, size: int) -> Placeholder | None:
    """Return the kind of placeholder that a file is; None: it may be a genuine file.

    Args:
        head: the file's first :data:`HEAD_BYTES` bytes.
        size: the whole file's size in bytes.
    """
    if size == 0:
        return EMPTY
    if head.startswith(b"version https://git-lfs"):
        return GIT_LFS
    if _annex_pointer(head):
        return GIT_ANNEX
    if _HTML.match(head):
        return WEB_PAGE
    # In a text file these words might be the content itself, but text files aren't checked here.
    is_short = size <= _MAX_ERROR_LENGTH and head.isascii() and b"\0" not in head
    if (
        _XML_ERROR.match(head)
        or _JSON_ERROR.match(head)
        or (is_short and _ERROR_WORDS.search(head))
    ):
        return SERVER_ERROR
    return None


def detect_placeholder_at(path: Path) -> Placeholder | None:
    """Return the kind of placeholder that a path is, including a dangling git-annex link."""
    try:
        size = path.stat().st_size
        if size > MAX_BYTES:
            return None
        with path.open("rb") as stream:
            return detect_placeholder(stream.read(HEAD_BYTES), size)
    except OSError:
        return git_annex_link(path)


def git_annex_link(path: Path) -> Placeholder | None:
    """Return :data:`GIT_ANNEX` if a path is a link into git-annex's object store, else None."""
    try:
        target = path.readlink().as_posix()
    except OSError:
        return None
    return GIT_ANNEX if _ANNEX.search(target) else None


def placeholder_remedy(kind: str) -> str:
    """Return the remedy for a reason's kind in a data report; empty: it is no placeholder."""
    return next((placeholder.remedy for placeholder in _ALL if placeholder.description == kind), "")


def _annex_pointer(head: bytes) -> bool:
    """Whether a file is a git-annex pointer file, written where links are not supported."""
    line = head.partition(b"\n")[0].replace(b"\\", b"/")
    return len(line) < HEAD_BYTES and bool(_ANNEX.search(line.decode("utf-8", "replace")))
