from __future__ import annotations

from pathlib import Path

from ddpm_studio.data.samples import sample_sets, title_of


def test_what_ships_is_called_by_its_title_and_all_else_by_its_file() -> None:
    assert [title_of(sample.path) for sample in sample_sets()] == ["Fashion-MNIST", "Emoji"]
    assert title_of(Path("/photos/emoji-32.zip")) == "emoji-32.zip"
    drive = Path(Path.cwd().anchor)
    assert title_of(drive) == str(drive)
