"""Time budget: choice of preset, batch size and steps by measured speeds and the presets' needs."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator

import pytest

from ddpm_studio.catalogue import PRESETS
from ddpm_studio.engine.tables.networks import (
    PresetInfo,
    TrainingNeeds,
    pictures_until_recognisable,
)
from ddpm_studio.jobs.machine.machine_speed import MachineSpeed, PresetSpeed
from ddpm_studio.jobs.training.budget import OFFERED_BUDGETS, BudgetPlan, choose, parse_budget
from ddpm_studio.picture_shape import ImageSize
from ddpm_studio.requests import TrainRequest

# Previews take a tenth of the time, so 600 seconds of this are for steps.
TEN_MINUTES = parse_budget("11.112m")
WHOLE = TEN_MINUTES.seconds or 0.0


_NEEDS = {
    "quick": TrainingNeeds(1_000, 6_000, ""),
    "fair": TrainingNeeds(2_000, 60_000, ""),
    "fine": TrainingNeeds(4_000, 600_000, ""),
    "told-nothing": None,
    "never": TrainingNeeds(10, None, ""),
}


@pytest.fixture(autouse=True)
def _presets() -> Iterator[None]:
    """Add three presets, of growing needs and quality, and two that are never to be chosen."""
    for name, needs in _NEEDS.items():
        PRESETS.add(PresetInfo(name, name, "", "toy:made", recipe={"batch_size": 16}, needs=needs))
    yield
    for name in _NEEDS:
        PRESETS.remove(name)


def speed(a_second: dict[str, float], size: ImageSize = 64, **multiples: int) -> MachineSpeed:
    """Return a machine's speed from the pictures per second of each preset.

    Each takes pictures whose sides are multiples of a number, 8 unless it is given.
    """
    presets = {
        name: PresetSpeed(size, 0.0, 1 / pace, 32, multiples.get(name, 8))
        for name, pace in a_second.items()
    }
    return MachineSpeed("here", "CPU float32", size, 3, presets)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("2m", 120), ("10m", 600), ("1h", 3600), (" 1.5H ", 5400), ("night", 28_800), ("paper", None)],
)
def test_budgets_are_written_as_people_say_them(text: str, seconds: float | None) -> None:
    assert parse_budget(text).seconds == seconds


def test_what_is_offered_can_be_read() -> None:
    assert [parse_budget(name).name for name in OFFERED_BUDGETS] == list(OFFERED_BUDGETS)


@pytest.mark.parametrize("text", ["", "ten", "10", "0m", "-3h", "1d", "1e9h", "nan", "10mm"])
def test_what_is_no_budget_is_refused_with_what_there_is(text: str) -> None:
    with pytest.raises(ValueError, match=r"such as 10m or 1\.5h, night or paper"):
        parse_budget(text)


@pytest.mark.parametrize(
    ("a_second", "chosen"),
    [
        # All become good in time: the best one.
        ({"quick": 1000, "fair": 1000, "fine": 1000}, "fine"),
        # The best one would not: the next.
        ({"quick": 1000, "fair": 100, "fine": 99}, "fair"),
        ({"quick": 10, "fair": 9, "fine": 9}, "quick"),
        # None becomes good in time: the one that comes closest.
        ({"quick": 4, "fair": 80, "fine": 80}, "fair"),
        ({"quick": 4, "fair": 80, "fine": 900}, "fine"),
        # None is recognisable in time: the one that would be first.
        ({"quick": 1, "fair": 2.2, "fine": 3}, "fair"),
        # Presets without needs, or never to be preferred, are not chosen.
        ({"quick": 4, "told-nothing": 1e6, "never": 1e6}, "quick"),
    ],
)
def test_the_network_is_the_best_that_the_time_suffices_for(
    a_second: dict[str, float], chosen: str
) -> None:
    assert choose(TEN_MINUTES, speed(a_second)).preset == chosen


def test_a_network_that_would_shrink_the_pictures_is_not_chosen() -> None:
    found = choose(TEN_MINUTES, speed({"quick": 100, "fine": 1e4}, fine=128))
    assert found.preset == "quick"


def test_the_choice_is_plain_settings_and_tells_what_to_expect() -> None:
    found = choose(TEN_MINUTES, speed({"quick": 20}))
    # 600 seconds of 20 pictures each, 16 per step; shapes are visible after 1,000 pictures.
    settings = {"preset": "quick", "batch_size": 16, "steps": 750, "minutes": WHOLE / 60}
    assert found.settings == settings
    assert (found.shapes, found.whole, found.smaller) == (50, WHOLE, None)
    assert str(found) == "quick at 64 px, batches of 16, shapes in about 50 s, 11 min in all"
    assert TrainRequest.model_validate(found.settings).minutes == WHOLE / 60


def test_a_named_network_is_kept() -> None:
    machine = speed({"quick": 1000, "fair": 1000, "never": 500}, never=128)
    assert choose(TEN_MINUTES, machine, preset="fair").preset == "fair"
    found = choose(TEN_MINUTES, machine, preset="never")
    assert (found.preset, found.shapes) == ("never", 10 / 500)
    plain = choose(TEN_MINUTES, machine, preset="fine").settings
    assert plain == {"preset": "fine", "minutes": WHOLE / 60}


def test_nothing_measured_is_the_usual_network_for_the_time() -> None:
    found = choose(TEN_MINUTES, None)
    assert found == BudgetPlan({"preset": "patches", "minutes": WHOLE / 60}, None, None, WHOLE)


def test_a_smaller_size_is_named_where_there_would_be_nothing_to_see() -> None:
    # 600 pictures at 64 px; at half the side, four times as many.
    found = choose(TEN_MINUTES, speed({"quick": 1}))
    assert found.smaller == 48
    assert choose(TEN_MINUTES, speed({"quick": 0.5})).smaller == 32
    assert choose(TEN_MINUTES, speed({"quick": 0.01})).smaller is None
    assert choose(TEN_MINUTES, speed({"quick": 0.5}, (128, 64))).smaller == (64, 32)
    again = choose(TEN_MINUTES, speed({"quick": 0.5}).scaled_to(32))
    assert (again.smaller, again.image_size) == (None, 32)


def test_the_smaller_size_is_one_that_the_network_takes() -> None:
    # A quarter of the side or less will do: 168×128 px, and 128×96 px as multiples of 32.
    pictures = (640, 480)
    a_second = 128 * 96 / (640 * 480) * 10
    assert choose(TEN_MINUTES, speed({"quick": a_second}, pictures)).smaller == (168, 128)
    machine = speed({"quick": a_second}, pictures, quick=32)
    for preset in ("quick", None):
        found = choose(TEN_MINUTES, machine, preset=preset)
        assert found.smaller == (128, 96)
        assert choose(TEN_MINUTES, machine.scaled_to((128, 96)), preset=preset).preset == "quick"
    # 168×128 px of the other would do as well: the named one is asked for.
    both = speed({"quick": a_second, "fair": 2 * a_second}, pictures, quick=32)
    assert choose(TEN_MINUTES, both, preset="quick").smaller == (128, 96)
    assert choose(TEN_MINUTES, both).smaller == (168, 128)
    assert choose(TEN_MINUTES, both.scaled_to((168, 128))).preset == "fair"


def test_the_batch_grows_where_the_device_is_far_quicker_with_more_at_once() -> None:
    def machine(fixed: float, each: float) -> MachineSpeed:
        return MachineSpeed("", "", 32, 3, {"quick": PresetSpeed(32, fixed, each, 32, 8)})

    def batch(found: BudgetPlan) -> object:
        return found.settings["batch_size"]

    assert batch(choose(TEN_MINUTES, machine(0.01, 1e-6))) == 128
    # If all of the cost is per picture, larger batches gain nothing.
    assert batch(choose(TEN_MINUTES, machine(0, 1e-3))) == 16
    # 600 s are 2,272 steps of 64 pictures, and would be 1,829 of 128.
    assert batch(choose(TEN_MINUTES, machine(0.2, 1e-3))) == 64
    assert batch(choose(TEN_MINUTES, machine(0.01, 1e-6), pictures=70)) == 64


def test_the_settings_are_those_of_a_request_without_torch() -> None:
    code = (
        "import sys; from ddpm_studio.jobs.training.budget import choose, parse_budget; "
        "assert choose(parse_budget('1h'), None).settings; sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_each_tells_what_it_needs_and_where_that_is_known_from() -> None:
    for name in sorted(PRESETS.builtin_names):
        needs = PRESETS[name].needs
        assert needs is not None
        assert needs.source
        assert 0 < needs.shapes <= (needs.good or needs.shapes)
        assert pictures_until_recognisable(name) == needs.shapes


@pytest.mark.parametrize(
    ("side", "preset", "steps"),
    [
        (28, "ddpm32", 800_000),
        (64, "ddpm32", 800_000),
        (128, "ddpm256", 500_000),
        (256, "ddpm256", 500_000),
    ],
)
def test_as_the_paper_is_the_papers_training(side: int, preset: str, steps: int) -> None:
    machine = MachineSpeed("", "", side, 3, {preset: PresetSpeed(side, 0, 0.5, 8, 4)})
    found = choose(parse_budget("paper"), machine)
    request = TrainRequest.model_validate(found.settings)
    assert (request.preset, request.steps, request.minutes) == (preset, steps, None)
    assert found.whole == pytest.approx(steps * request.batch_size * 0.5)
    assert request == TrainRequest(preset=preset, steps=steps)


def test_a_network_of_no_paper_can_not_be_trained_as_in_it() -> None:
    with pytest.raises(ValueError, match="patches repeats no training of a paper; ddpm32"):
        choose(parse_budget("paper"), None, preset="patches")


def test_a_plug_ins_network_is_awaited_as_the_first() -> None:
    assert pictures_until_recognisable("nobody-knows") == pictures_until_recognisable(
        next(iter(PRESETS))
    )
