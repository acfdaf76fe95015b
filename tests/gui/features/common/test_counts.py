"""Counts with their noun, in the singular and the plural."""

from __future__ import annotations

from ddpm_studio.gui.features.common.counts import counted, picture_count, step_count


def test_one_is_told_in_the_singular() -> None:
    assert counted(1, "1 setting differs", "{n} settings differ") == "1 setting differs"
    assert counted(0, "1 setting differs", "{n} settings differ") == "0 settings differ"
    assert [picture_count(count) for count in (1, 2)] == ["1 picture", "2 pictures"]
    assert [step_count(count) for count in (1, 2500)] == ["1 step", "2,500 steps"]
