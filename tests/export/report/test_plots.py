import math
import re

import numpy as np
import pytest

from ddpm_studio.export.report.plots import Axis, PlotLine, Scale, plot, round_step, tick_text
from tests.report_pages import Element, parse

_NUMBERS = re.compile(r"-?\d+(?:\.\d+)?")


def drawn(*curves: PlotLine, log: bool = False) -> Element:
    return parse(plot(list(curves), Axis("t"), Axis("loss", log=log), title="A plot"))


def places(path: str) -> list[list[tuple[float, float]]]:
    """Return the points (x, y) of each segment of an SVG path, split at "M"."""
    stretches = []
    for stretch in path.split("M")[1:]:
        points = [_NUMBERS.findall(point) for point in stretch.split("L")]
        stretches.append([(float(x), float(y)) for x, y in points])
    return stretches


def line(svg: Element) -> str:
    (path,) = [one for one in svg.all("path", "curve") if "h16" not in one.attributes["d"]]
    return path.attributes["d"]


def ticks(svg: Element) -> dict[float, str]:
    """Return the tick labels of the horizontal grid lines, by the lines' y coordinates."""
    grids = [
        float(path.attributes["d"].split()[1].split("H")[0]) for path in svg.all("path", "grid")
    ]
    texts = [text.text for text in svg.all("text") if text.attributes["text-anchor"] == "end"]
    return dict(zip(grids, texts, strict=True))


def test_points_lie_where_the_axis_says() -> None:
    svg = drawn(PlotLine([0, 50, 100], [0, 5, 10]))
    ((first, second, third),) = places(line(svg))
    heights = {text: y for y, text in ticks(svg).items()}
    assert first[1] == pytest.approx(heights["0"], abs=0.1)
    assert third[1] == pytest.approx(heights["10"], abs=0.1)
    assert second == pytest.approx(((first[0] + third[0]) / 2, (first[1] + third[1]) / 2), abs=0.1)
    assert third[1] < first[1]


def test_decades_are_evenly_apart() -> None:
    svg = drawn(PlotLine([1, 2, 3, 4], [1e-3, 1e-2, 1e-1, 1]), log=True)
    ((*points,),) = places(line(svg))
    falls = np.diff([y for _, y in points])
    assert falls == pytest.approx([falls[0]] * 3, abs=0.2)


def test_what_is_no_number_breaks_the_line() -> None:
    svg = drawn(PlotLine([0, 1, 2, 3, 4], [1, 2, math.nan, 2, 0]))
    assert [len(stretch) for stretch in places(line(svg))] == [2, 2]
    # A logarithmic axis has no 0.
    svg = drawn(PlotLine([0, 1, 2, 3, 4], [1, 2, math.nan, 2, 0]), log=True)
    assert [len(stretch) for stretch in places(line(svg))] == [2, 1]
    with pytest.raises(ValueError, match="nothing"):
        drawn(PlotLine([1, 2], [math.nan, math.inf]))


def test_a_long_curve_keeps_its_peaks() -> None:
    values = np.sin(np.arange(20_000) / 50)
    values[[777, 12_345]] = 9, -9
    svg = drawn(PlotLine(np.arange(20_000.0), values))
    ((*points,),) = places(line(svg))
    assert len(points) < 1000
    heights = {text: y for y, text in ticks(svg).items()}
    top, bottom = min(y for _, y in points), max(y for _, y in points)
    per_unit = (heights["-10"] - heights["10"]) / 20
    assert (bottom - top) / per_unit == pytest.approx(18, abs=0.05)


@pytest.mark.parametrize("log", [False, True])
@pytest.mark.parametrize("low", [3e-7, 0.0213, 1.0, 740.0])
@pytest.mark.parametrize("factor", [1.0, 1.3, 7.0, 4e5])
def test_an_axis_holds_its_values(low: float, factor: float, log: bool) -> None:
    scale = Scale(low, low * factor, log, 300, 20)
    assert scale.low <= low * 1.000001
    assert scale.high >= low * factor * 0.999999
    assert 20 <= scale(low * factor) <= scale(low) <= 300
    marks = scale.ticks()
    assert 2 <= len(marks) <= 8
    assert all(scale.low * 0.99 <= mark <= scale.high * 1.01 for mark in marks)
    assert len({tick_text(mark) for mark in marks}) == len(marks)


def test_steps_are_round() -> None:
    assert [round_step(span, 5) for span in (10, 11, 26, 51)] == [2, 5, 10, 20]
    assert [tick_text(x) for x in (0, 0.05, 2, 1500, 1e-4, 2.5e-5)] == [
        *("0", "0.05", "2", "1,500", "10⁻⁴", "2.5·10⁻⁵")
    ]
