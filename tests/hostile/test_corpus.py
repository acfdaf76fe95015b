"""Malformed files: a sample of the corpus; ``python -m tests.endurance hostile`` feeds it all."""

from __future__ import annotations

import os

import pytest

from tests.hostile.corpus import corpus, spread
from tests.hostile.watch import feed

pytestmark = pytest.mark.skipif(os.name == "nt", reason="pipes and limits of POSIX")

#: Cases that the corpus or fuzzing once found to fail; always fed.
FOUND = (
    "zip central name length 0",
    "tar size no number of 1",
    "tar attributes of digits",
    "settings of a program",
    "settings of a program in disguise",
    "metrics of a text for a loss for info",
    "metrics of bins of nothing for open run",
    "checkpoint of NaN for sample",
    "diffusers num_class_embeds fraction",
    "diffusers pickle of a key that takes for ever",
    "run.json created of escapes for info",
    "folder two thousand deep",
)


def test_the_corpus_is_large_and_always_the_same() -> None:
    assert len(corpus()) >= 800
    assert set(FOUND) <= corpus().keys()


def test_each_is_refused_in_one_line_or_read_without_harm() -> None:
    names = dict.fromkeys([*FOUND, *spread(70)])
    faulty = {v.case: v.faults for v in feed(corpus()[name] for name in names) if v.faults}
    assert not faulty
