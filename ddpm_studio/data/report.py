"""Report of a preparation: pictures kept and left out, as sentences and as JSON."""

from __future__ import annotations

import errno
import json
import os
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from ddpm_studio.data.decoding.unsupported import unsupported_suffix
from ddpm_studio.data.decoding.verdicts import OUT_OF_RANGE
from ddpm_studio.durations import format_count
from ddpm_studio.engine.sizes import size_text
from ddpm_studio.placeholders import placeholder_remedy

_SMALL_SET = 50
_SIZES_SHOWN = 4
_CLASSES_SHOWN = 12
_SENTENCES = {
    "empty file": "is an empty file",
    "truncated": "is cut short",
    OUT_OF_RANGE: f"has {OUT_OF_RANGE}",
}

#: In a reason, precedes the name of the package that a file can't be read without.
NEEDS = ", which needs "

# Kinds of reasons for leaving out whole files, which may hold no pictures at all.
_FILE_KINDS = ("no pictures", "archive not read")


@dataclass(frozen=True)
class Reject:
    """A picture that was left out.

    ``reason`` reads "kind" or "kind: detail"; rejects of one kind are counted together.
    """

    name: str
    reason: str

    @property
    def kind(self) -> str:
        """The reason without its detail."""
        return self.reason.split(":", 1)[0]

    @property
    def sentence(self) -> str:
        """The reason as a predicate to follow the name, such as "is cut short"."""
        kind, separator, detail = self.reason.partition(":")
        return _SENTENCES.get(kind, f"is {kind}") + separator + detail

    @property
    def is_retryable(self) -> bool:
        """Whether a later attempt may succeed although the file itself has not changed."""
        kind, _, detail = self.reason.partition(": ")
        return NEEDS in detail or (kind == "unreadable" and _is_system_message(detail))


def _is_system_message(text: str) -> bool:
    """Whether this text is a message of the operating system (``os.strerror``).

    Such a message means that the file can't be read, not that its contents are wrong. Its language
    may change while the program runs, as a window sets the locale.
    """
    return text in map(os.strerror, errno.errorcode)


@dataclass(frozen=True)
class Report:
    """Counts and notes of one preparation.

    ``found`` pictures are ``kept`` plus ``rejects``; ``others`` counts files that are no
    pictures, by suffix. ``sizes`` holds ((width, height), count) of the kept pictures before
    preparation and ``class_counts`` (class, count); ``duplicates`` counts pictures that equal
    an earlier one pixel for pixel after preparation (they are kept). ``told`` are notes on how
    values, axes and classes were interpreted. ``label_choices`` are (key, title, number of classes)
    of the possible sources of labels, and ``labels`` the keys of those used; ``classes_found`` are
    their (class, count) before any class was renamed or left out. ``formats`` are the names of the
    data formats in the catalogue that have read something.
    """

    source: str
    found: int
    kept: int
    rejects: tuple[Reject, ...] = ()
    sizes: tuple[tuple[tuple[int, int], int], ...] = ()
    duplicates: int = 0
    class_counts: tuple[tuple[str, int], ...] = ()
    others: tuple[tuple[str, int], ...] = ()
    warnings: tuple[str, ...] = field(default=())
    told: tuple[str, ...] = ()
    label_choices: tuple[tuple[str, str, int], ...] = ()
    labels: tuple[str, ...] = ()
    classes_found: tuple[tuple[str, int], ...] = ()
    formats: tuple[str, ...] = ()

    def lines(self) -> list[str]:
        """Return the report as short lines for people, most important first."""
        lines = [f"{format_count(self.kept, 'picture')} from {self.source}."]
        lines += [
            f"{format_count(count, 'file' if kind in _FILE_KINDS else 'picture')} left out: {kind}."
            for kind, count in Counter(reject.kind for reject in self.rejects).most_common()
        ]
        lines += self.warnings
        lines += self.told
        if self.sizes:
            lines.append(f"Sizes: {listed(self._size_texts(), _SIZES_SHOWN)}.")
        if self.class_counts:
            texts = [f"{name} ({count:,})" for name, count in self.class_counts]
            classes = format_count(len(texts), "class", "classes")
            lines.append(f"{classes}: {listed(texts, _CLASSES_SHOWN)}.")
        if self.duplicates:
            verb = "is an exact copy" if self.duplicates == 1 else "are exact copies"
            lines.append(f"{format_count(self.duplicates, 'picture')} {verb} of another.")
        if self.others:
            total = sum(count for _, count in self.others)
            verb = "is not a picture" if total == 1 else "are not pictures"
            kinds = listed([f"{count:,} {kind}" for kind, count in self.others], _SIZES_SHOWN)
            lines.append(f"{format_count(total, 'other file')} {verb}: {kinds}.")
            lines += self.known_others()
        choices = [f"{key} ({n:,})" if n else key for key, _, n in self.label_choices]
        if len(choices) > len(self.labels):
            lines.append(f"Labels to choose from: {listed(choices, _CLASSES_SHOWN)}.")
        return lines

    def known_others(self) -> list[str]:
        """Return a line for each suffix of other files whose file type is known."""
        return [
            f"{format_count(count, f'file {kind}', f'files {kind}')}: {description}."
            for kind, count in self.others
            if (description := unsupported_suffix(kind))
        ]

    def _size_texts(self) -> list[str]:
        if len(self.sizes) == 1:
            (width, height), _ = self.sizes[0]
            return [f"all {size_text(width, height)}"]
        return [f"{size_text(width, height)} ({count:,})" for (width, height), count in self.sizes]

    def to_json(self) -> str:
        """Return the report as a JSON object."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Report:
        """Parse the JSON of :meth:`to_json`.

        Raises:
            ValueError, KeyError, TypeError: the text is something else.
        """
        return cls.from_dict(json.loads(text))

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Report:
        """Return the report of a dictionary, which is the parsed JSON of :meth:`to_json`.

        Raises:
            ValueError, KeyError, TypeError: the data are something else.
        """
        return cls(
            source=str(data["source"]),
            found=int(data["found"]),
            kept=int(data["kept"]),
            rejects=tuple(Reject(str(r["name"]), str(r["reason"])) for r in data["rejects"]),
            sizes=tuple(((int(w), int(h)), int(count)) for (w, h), count in data["sizes"]),
            duplicates=int(data["duplicates"]),
            class_counts=tuple((str(name), int(count)) for name, count in data["class_counts"]),
            others=tuple((str(kind), int(count)) for kind, count in data["others"]),
            warnings=tuple(str(line) for line in data["warnings"]),
            told=tuple(str(line) for line in data.get("told", ())),
            label_choices=tuple(
                (str(key), str(title), int(count))
                for key, title, count in data.get("label_choices", ())
            ),
            labels=tuple(str(key) for key in data.get("labels", ())),
            classes_found=tuple(
                (str(name), int(count)) for name, count in data.get("classes_found", ())
            ),
            formats=tuple(str(name) for name in data.get("formats", ())),
        )


def size_warnings(count: int) -> tuple[str, ...]:
    """Return a warning if a set is too small to learn from; empty if it is not."""
    if count == 1:
        return ("Only 1 picture: the model will memorise it.",)
    if count < _SMALL_SET:
        return (f"Only {count} pictures: so few pictures will be memorised rather than learnt.",)
    return ()


def reject_summary(rejects: tuple[Reject, ...], *, details: bool = False) -> str:
    """Return the rejects counted by kind, such as "10 truncated, 2 too large".

    With ``details``, a kind whose rejects all have the same detail is shown with that detail,
    unless there is a remedy for it.
    """
    counts = []
    for kind, count in Counter(reject.kind for reject in rejects).most_common():
        reasons = {reject.reason for reject in rejects if reject.kind == kind}
        text = (
            reasons.pop()
            if details and len(reasons) == 1 and not placeholder_remedy(kind)
            else kind
        )
        counts.append(f"{count:,} {text}")
    return ", ".join(counts)


def listed(items: Sequence[str], limit: int) -> str:
    """Join the first ``limit`` items with commas, followed by the number of further ones."""
    shown = ", ".join(items[:limit])
    return f"{shown} and {len(items) - limit:,} more" if len(items) > limit else shown
