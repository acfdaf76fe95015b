"""Code page detection for file names of archives and folders that are not UTF-8.

Zips from Windows store names in the code page of the country where they were created, without
saying which. It is guessed from all names of an archive together: each must decode to plausible
words.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Sequence
from dataclasses import replace

from ddpm_studio.data.items import File

_LATIN = ("cp437", "cp850", "cp1252")
_KANJI = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uff01-\uff5e\u3000-\u303f]")
_CJK = re.compile(r"[\u3040-\u30ff\u3400-\u9fff]")
_CJK_AFTER_LETTER = re.compile(r"[A-Za-z][\u3400-\u9fff]")
# Surrogate escapes, which stand for bytes that are not UTF-8 (PEP 383).
_SURROGATE = re.compile(r"[\udc80-\udcff]")
_HANGUL = re.compile(r"[\uac00-\ud7a3]")
_CYRILLIC = re.compile(r"[\u0400-\u045f]")
# Number of different characters needed to distinguish Korean from Chinese.
_MIN_HANGUL = 8
_WORD = re.compile(r"[^\W\d_]+")
_MAX_NAMES = 10_000


def decode_names(files: Sequence[File]) -> tuple[Sequence[File], str]:
    """Return the files with printable names, and the code page used; empty if none was needed.

    Only names that the system could not decode as UTF-8 are changed. Where no code page is
    plausible, their bytes are shown in hexadecimal, such as %8C, so that names stay distinct.
    """
    undecoded = [
        file.name for file in files if not file.name.isascii() and _SURROGATE.search(file.name)
    ]
    if not undecoded:
        return files, ""
    encoding = code_page([name.encode("utf-8", "surrogateescape") for name in undecoded])
    renamed = {name: _display_name(name, encoding) for name in undecoded}
    return [
        replace(file, name=renamed[file.name]) if file.name in renamed else file for file in files
    ], encoding or "bytes by number"


def _display_name(name: str, encoding: str | None) -> str:
    if encoding is None:
        return _SURROGATE.sub(lambda match: f"%{ord(match[0]) - 0xDC00:02X}", name)
    return name.encode("utf-8", "surrogateescape").decode(encoding, "replace")


def code_page(names: Collection[bytes]) -> str | None:
    """Return the code page of names that are not UTF-8; None if none gives plausible words.

    Args:
        names: the names in one archive or folder that are not ASCII.
    """
    content = b"\n".join(sorted(set(names))[:_MAX_NAMES])
    japanese = _try_decode(content, "cp932")
    all_have_cjk = all(map(_CJK.search, (japanese or "").split("\n")))
    if (
        japanese
        and all_have_cjk
        and _all_match(japanese, _KANJI)
        and not _amid_letters(japanese, _KANJI)
    ):
        return "cp932"
    korean = _try_decode(content, "euc_kr")
    characters = {character for character in korean or "" if not character.isascii()}
    if korean and _all_match(korean, _HANGUL) and len(characters) >= _MIN_HANGUL:
        return "cp949"
    chinese = _try_decode(content, "gb2312")
    if chinese and _all_match(chinese, _KANJI) and not _amid_letters(chinese, _KANJI):
        return "gb18030"
    taiwanese = _try_decode(content, "big5")
    if taiwanese and _all_match(taiwanese, _KANJI) and not _CJK_AFTER_LETTER.search(taiwanese):
        return "big5"
    for latin in _LATIN:
        if (decoded := _try_decode(content, latin)) and _reads_as_latin(decoded):
            return latin
    for cyrillic in ("cp866", "cp1251"):
        decoded = _try_decode(content, cyrillic)
        if decoded and _all_match(decoded, _CYRILLIC) and _has_natural_case(decoded):
            return cyrillic
    return None


def _try_decode(content: bytes, encoding: str) -> str | None:
    try:
        return content.decode(encoding)
    except UnicodeDecodeError:
        return None


def _all_match(text: str, pattern: re.Pattern[str]) -> bool:
    return all(character.isascii() or pattern.match(character) for character in text)


def _amid_letters(text: str, pattern: re.Pattern[str]) -> bool:
    """Whether characters of a kind occur between ASCII letters, implausible in names: "L背e"."""
    return any(
        pattern.match(character) and before.isascii() and before.isalpha() and after.isalpha()
        for before, character, after in zip(text, text[1:], text[2:], strict=False)
        if after.isascii()
    )


def _reads_as_latin(text: str) -> bool:
    letters = [character for character in text if not character.isascii()]
    # No word of Western Europe has accents on three letters and none without.
    all_accented = any(
        len(word) > 2 and not re.search("[A-Za-z]", word) for word in _WORD.findall(text)
    )
    are_latin = all(unicodedata.name(letter, "").startswith("LATIN") for letter in letters)
    return are_latin and not all_accented and _has_natural_case(text)


def _has_natural_case(text: str) -> bool:
    """Whether each word is in lower case, upper case or title case."""
    words = [word for word in _WORD.findall(text) if not word.isascii()]
    return all(word.islower() or word.isupper() or word[1:].islower() for word in words)
