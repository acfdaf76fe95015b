import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ddpm_studio.export import Easing, choose_frames
from ddpm_studio.export.timing import Timeline

easings = st.sampled_from(["linear", "ease-out", "ease-in-out"])


@given(st.integers(2, 2000), st.integers(2, 500), easings)
def test_first_and_last_are_always_there_and_time_never_runs_back(
    total: int, count: int, easing: Easing
) -> None:
    chosen = choose_frames(total, count, easing)
    assert len(chosen) == count
    assert (chosen[0], chosen[-1]) == (0, total - 1)
    assert chosen == sorted(chosen)


@given(st.integers(2, 300))
def test_linear_with_as_many_as_there_are_keeps_each_once(total: int) -> None:
    assert choose_frames(total, total) == list(range(total))


def test_linear_distances_differ_by_one_at_most() -> None:
    chosen = choose_frames(1001, 60)
    steps = {b - a for a, b in itertools.pairwise(chosen)}
    assert steps <= {16, 17}


def test_ease_out_slows_down() -> None:
    chosen = choose_frames(1001, 51, "ease-out")
    steps = [b - a for a, b in itertools.pairwise(chosen)]
    assert steps == sorted(steps, reverse=True)
    assert chosen[25] == 750  # at half of the time, three quarters of the frames have passed


def test_ease_in_out_is_slow_at_both_ends() -> None:
    chosen = choose_frames(1001, 101, "ease-in-out")
    steps = [b - a for a, b in itertools.pairwise(chosen)]
    assert steps == steps[::-1]
    assert steps[0] < steps[25] < steps[49]
    assert chosen[50] == 500


def test_a_single_frame_is_held() -> None:
    assert choose_frames(1, 3) == [0, 0, 0]


@pytest.mark.parametrize(("total", "count"), [(0, 5), (10, 1), (10, 0)])
def test_no_room_for_first_and_last_is_refused(total: int, count: int) -> None:
    with pytest.raises(ValueError, match="first and the last"):
        choose_frames(total, count)


def test_repeats_become_one_longer_frame_and_the_last_is_held() -> None:
    timeline = Timeline.of([0, 0, 0, 1, 2], fps=10, hold_last_seconds=1.5)
    assert timeline.frames == (0, 1, 2)
    assert timeline.durations(1000) == [300, 100, 1600]


@given(st.integers(1, 400), st.floats(1, 50))
def test_rounding_does_not_add_up(count: int, fps: float) -> None:
    timeline = Timeline.of(list(range(count)), fps, 0)
    assert abs(sum(timeline.durations(100)) - 100 * count / fps) <= 0.5 + 1e-6
