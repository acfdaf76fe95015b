from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

from ddpm_studio.errors import StudioError
from ddpm_studio.jobs.request_building import build_request
from ddpm_studio.requests import InterpolateRequest
from ddpm_studio.runs import RunFolder, classes

# In the form of ImageNet's class lists.
NAMES = ("tench, Tinca tinca", "cock", "tench", "great white shark, white shark, man-eater")


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("tench, Tinca tinca,cock", (0, 1)),
        ("cock, tench", (1, 2)),
        (" 1 , tench, Tinca tinca", (1, 0)),
        ("great white shark, white shark, man-eater,none", (3, None)),
    ],
)
def test_names_of_classes_may_have_commas(
    monkeypatch: pytest.MonkeyPatch, text: str, numbers: tuple[int | None, ...]
) -> None:
    monkeypatch.setattr(RunFolder, "open", lambda _: SimpleNamespace(info=None))
    monkeypatch.setattr(classes, "known_classes", lambda _: NAMES)
    asked = build_request(InterpolateRequest, {"class_labels": text}, run=Path("a"))
    assert asked.class_labels == numbers
    with pytest.raises(StudioError, match="no class Tinca tinca"):
        build_request(InterpolateRequest, {"class_labels": "Tinca tinca,cock"}, run=Path("a"))
