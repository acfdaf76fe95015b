"""Names of files that are not UTF-8: in which code page an archive or a folder has them.

Zips of Windows hold names in the code page of the country where they were packed, and do not say
which. It is guessed from all names of an archive together: each must decode, and read as words.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Sequence
from dataclasses import replace

from ddpm_studio.data.items import File

_LATIN = ("cp437", "cp850", "cp1252")
_KANJI = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uff01-\uff5e\u3000-\u303f]")
_WORDS_OF_ASIA = re.compile(r"[\u3040-\u30ff\u3400-\u9fff]")
_BEHIND_LETTER = re.compile(r"[A-Za-z][\u3400-\u9fff]")
# What stands for a byte that is no UTF-8 (PEP 383).
_HALF = re.compile(r"[\udc80-\udcff]")
_HANGUL = re.compile(r"[\uac00-\ud7a3]")
_CYRILLIC = re.compile(r"[\u0400-\u045f]")
# With so many different signs, Korean and Chinese are told apart.
_ENOUGH = 8
_WORD = re.compile(r"[^\W\d_]+")
_MOST_NAMES = 10_000


def readable(files: Sequence[File]) -> tuple[Sequence[File], str]:
    """Return files with names that can be shown, and the code page that these were taken for.

    Of names that the system could not read as UTF-8; the others stay. Where no code page is
    likely, their bytes are shown by number, such as %8C: two names never become one.
    """
    odd = [file.name for file in files if not file.name.isascii() and _HALF.search(file.name)]
    if not odd:
        return files, ""
    page = code_page([name.encode("utf-8", "surrogateescape") for name in odd])
    renamed = {name: _shown(name, page) for name in odd}
    return [
        replace(file, name=renamed[file.name]) if file.name in renamed else file for file in files
    ], page or "bytes by number"


def _shown(name: str, page: str | None) -> str:
    if page is None:
        return _HALF.sub(lambda match: f"%{ord(match[0]) - 0xDC00:02X}", name)
    return name.encode("utf-8", "surrogateescape").decode(page, "replace")


def code_page(names: Collection[bytes]) -> str | None:
    """Return the code page of names that are not UTF-8; None: none reads as words.

    Args:
        names: those of one archive or folder that are not ASCII.
    """
    content = b"\n".join(sorted(set(names))[:_MOST_NAMES])
    japanese = _decoded(content, "cp932")
    words = all(map(_WORDS_OF_ASIA.search, (japanese or "").split("\n")))
    if japanese and words and _only(japanese, _KANJI) and not _amid_letters(japanese, _KANJI):
        return "cp932"
    korean = _decoded(content, "euc_kr")
    signs = {sign for sign in korean or "" if not sign.isascii()}
    if korean and _only(korean, _HANGUL) and len(signs) >= _ENOUGH:
        return "cp949"
    chinese = _decoded(content, "gb2312")
    if chinese and _only(chinese, _KANJI) and not _amid_letters(chinese, _KANJI):
        return "gb18030"
    taiwanese = _decoded(content, "big5")
    if taiwanese and _only(taiwanese, _KANJI) and not _BEHIND_LETTER.search(taiwanese):
        return "big5"
    for latin in _LATIN:
        if (found := _decoded(content, latin)) and _reads_as_latin(found):
            return latin
    for cyrillic in ("cp866", "cp1251"):
        found = _decoded(content, cyrillic)
        if found and _only(found, _CYRILLIC) and _natural(found):
            return cyrillic
    return None


def _decoded(content: bytes, encoding: str) -> str | None:
    try:
        return content.decode(encoding)
    except UnicodeDecodeError:
        return None


def _only(text: str, kind: re.Pattern[str]) -> bool:
    return all(sign.isascii() or kind.match(sign) for sign in text)


def _amid_letters(text: str, kind: re.Pattern[str]) -> bool:
    """Whether signs of a kind stand between ASCII letters, as in no name: "L背e"."""
    return any(
        kind.match(sign) and before.isascii() and before.isalpha() and after.isalpha()
        for before, sign, after in zip(text, text[1:], text[2:], strict=False)
        if after.isascii()
    )


def _reads_as_latin(text: str) -> bool:
    letters = [sign for sign in text if not sign.isascii()]
    # No word of Western Europe has accents on three letters and none without.
    full = any(len(word) > 2 and not re.search("[A-Za-z]", word) for word in _WORD.findall(text))
    are_latin = all(unicodedata.name(one, "").startswith("LATIN") for one in letters)
    return are_latin and not full and _natural(text)


def _natural(text: str) -> bool:
    """Whether each word is in small letters, in capitals, or begins with one."""
    words = [word for word in _WORD.findall(text) if not word.isascii()]
    return all(word.islower() or word.isupper() or word[1:].islower() for word in words)
