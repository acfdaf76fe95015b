"""Commands printed in a report: they give the report's pictures and numbers again."""

from __future__ import annotations

import json
import shlex
import shutil
from itertools import pairwise
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image, ImageSequence

from tests.cli.conftest import Terminal
from tests.report_pages import Element, read, tiles

FEW = ["--quick", "--steps", 4, "--count", 2, "--timesteps", 6, "--device", "cpu"]
PARTS = [
    *("samples", "model", "training", "progressive", "share", "interpolate"),
    *("bits", "quality", "neighbours", "settings"),
]


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder of the commands, to which runs are copied."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def written(terminal: Terminal, run: Path, place: Path, *more: object) -> dict[str, Element]:
    shutil.copytree(run, place / "own")
    said = terminal("report", "own", "-o", "report.html", *FEW, *more)
    assert said.code == 0, said.err
    assert said.out == "report.html\n"
    return read(place / "report.html")


def typed(terminal: Terminal, command: str) -> str:
    program, *words = shlex.split(command)
    assert program == "ddpm-studio"
    said = terminal(*words)
    assert said.code == 0, said.err
    return said.out


def grid_of(path: Path) -> npt.NDArray[np.uint8]:
    with Image.open(path) as image:
        return np.asarray(image)


def check_drawn(terminal: Terminal, command: str, shown: npt.NDArray[np.uint8]) -> None:
    file = Path(typed(terminal, command).splitlines()[0])
    assert np.array_equal(tiles(grid_of(file), shown.shape[1:], len(shown)), shown)


@pytest.mark.parametrize("kind", ["unconditional", "classes"])
def test_each_command_gives_what_the_report_shows(
    terminal: Terminal, trained: Path, class_trained: Path, place: Path, kind: str
) -> None:
    sections = written(terminal, class_trained if kind == "classes" else trained, place)
    assert list(sections) == PARTS

    samples = sections["samples"]
    check_drawn(terminal, samples.commands[0], samples.pictures)

    (walk,) = sections["progressive"].commands
    typed(terminal, walk)
    rows = [row.pictures for row in sections["progressive"].all("div", "row") if row.all("img")]
    with Image.open("progressive.apng") as animation:
        frames = [np.asarray(frame.convert("RGB")) for frame in ImageSequence.Iterator(animation)]
    columns = np.stack(rows, axis=1)
    # A file has no separate frame for an intermediate state that looks like the previous one.
    moves = [True, *(bool((a != b).any()) for a, b in pairwise(columns))]
    assert len(columns) > len(frames) - 1 == sum(moves) - 1 > 2
    for column, frame in zip(columns[moves], frames, strict=True):
        assert np.array_equal(tiles(frame, column.shape[1:], len(column)), column)

    share = sections["share"]
    shown = share.all("div", "tiles")[1].all("div", "row")[1:]
    assert len(share.commands) == len(shown) == 2
    for command, row in zip(share.commands, shown, strict=True):
        check_drawn(terminal, command, row.all("div", "strip")[1].pictures)

    pair, coarse = sections["interpolate"].all("figure")
    assert (len(pair.commands), len(coarse.commands)) == (1, 2)
    for figure in (pair, coarse):
        for command, row in zip(figure.commands, figure.all("div", "row")[1:], strict=True):
            between = row.pictures[1:-1]
            check_drawn(terminal, command, between)

    check_bits(terminal, sections["bits"])
    check_neighbours(terminal, sections["neighbours"])

    for part in ("model", "training"):
        (again,) = sections[part].commands
        typed(terminal, again)
        (alone,) = read(place / f"{part}.html").values()
        assert alone.text == sections[part].text
        assert drawings(alone) == drawings(sections[part])

    told = typed(terminal, sections["settings"].commands[0])
    facts = {
        row.all("dt")[0].text: row.all("dd")[0].text
        for row in sections["settings"].all("dl")[0].all("div")
    }
    info = dict(line.split(maxsplit=1) for line in told.splitlines())
    assert info["Loss"] == facts["Loss"]
    assert facts["Parameters"] in info["Network"]


def drawings(section: Element) -> list[dict[str, str]]:
    return [one.attributes for one in section.walk() if one.tag in ("path", "image", "circle")]


def check_bits(terminal: Terminal, section: Element) -> None:
    parts, by_t, rate, table = section.all("figure")
    lines = typed(terminal, parts.commands[0]).splitlines()
    for row, line in zip(parts.rows, lines, strict=False):
        assert line.endswith(f" {row[1]}")
    assert len(parts.rows) == 4
    assert lines[-1] in section.text
    heads, *printed = typed(terminal, table.commands[0]).splitlines()
    assert [cell.text for cell in table.all("thead")[0].all("th")] == heads.split("   ")
    assert [line.split() for line in printed] == table.rows
    found = json.loads(typed(terminal, by_t.commands[0]))
    assert rate.commands == by_t.commands
    # Each line of a plot has a point for each t that was evaluated.
    for figure, count in ((by_t, 2), (rate, 3)):
        curves = [path for path in figure.all("path", "curve") if "c0" in path.attributes["class"]]
        assert len(curves) == count
        for curve in curves:
            assert len(curve.attributes["d"].replace("L", "M").split("M")) - 1 == len(found["t"])


def check_neighbours(terminal: Terminal, section: Element) -> None:
    sampling, *commands = section.commands
    typed(terminal, sampling)
    assert len(commands) == len(section.rows) == 2
    rows = section.all("div", "tiles")[0].all("div", "row")[1:]
    for command, row, shown in zip(commands, section.rows, rows, strict=True):
        file = Path(shlex.split(command)[3])
        apart, near = shown.all("div", "strip")
        assert np.array_equal(grid_of(file), apart.pictures[0].squeeze())
        found = json.loads(typed(terminal, f"{command} --json"))
        nearest = found["neighbours"][0]
        assert int(file.stem) == int(row[0])
        told = [nearest["name"], f"{nearest['distance']:.2f}", f"{found['among_themselves']:.2f}"]
        assert row[1:] == told
        assert len(found["neighbours"]) == len(near.pictures)


def test_other_pictures_are_named_and_measured(
    terminal: Terminal, trained: Path, pictures: Path, place: Path
) -> None:
    others = shutil.copytree(pictures, place / "others")
    (others / "000.png").unlink()
    sections = written(terminal, trained, place, "others")
    assert "other pictures than those it was trained on" in sections["bits"].text
    command = sections["bits"].all("figure")[0].commands[0]
    assert shlex.split(command)[2:4] == ["own", "others"]
    assert typed(terminal, command).splitlines()[-1] in sections["bits"].text
    interpolated = sections["interpolate"].all("figure")[0]
    check_drawn(
        terminal, interpolated.commands[0], interpolated.all("div", "row")[1].pictures[1:-1]
    )
    assert "'others#" in interpolated.commands[0]


def test_pictures_of_several_folders_are_named_by_their_own(
    terminal: Terminal, trained: Path, pictures: Path, place: Path
) -> None:
    for name, files in (("a", ("000", "001", "002")), ("b", ("003", "004"))):
        (place / name).mkdir()
        for file in files:
            shutil.copy(pictures / f"{file}.png", place / name)
    sections = written(terminal, trained, place, "a", "b", "--only", "interpolate")
    for figure in sections["interpolate"].all("figure"):
        assert shlex.split(figure.commands[0])[3:5] == ["a#0", "b#0"]
        for command, row in zip(figure.commands, figure.all("div", "row")[1:], strict=True):
            check_drawn(terminal, command, row.pictures[1:-1])


def test_evaluations_are_told_with_their_command(
    terminal: Terminal, trained: Path, place: Path
) -> None:
    sections = written(terminal, trained, place)
    assert "have been compared" in sections["quality"].all("p", "missing")[0].text
    said = terminal("evaluate", "own", "--count", 4, "--steps", 2, "--device", "cpu")
    assert said.code == 0, said.err
    assert terminal("report", "own", "-o", "q.html", "--only", "quality").code == 0
    (section,) = read(place / "q.html").values()
    printed = said.out
    for title, value, floor in section.rows:
        line = next(line for line in printed.splitlines() if line.startswith(f"{title}  "))
        assert line.removeprefix(title).split() == [value, floor]
    assert typed(terminal, section.commands[0]) == printed


def test_what_is_refused(terminal: Terminal, trained: Path, pictures: Path, place: Path) -> None:
    for words, code, cause in (
        ([trained, "-o", "r.pdf"], 1, "ends with .pdf"),
        ([pictures, "-o", "r.html"], 1, "not a run folder"),
        ([trained, "nowhere", "-o", "r.html"], 1, "nowhere"),
        ([trained, "-o", "r.html", "--only", "nothing"], 2, "samples, model, training"),
        ([trained], 2, "--out"),
    ):
        said = terminal("report", *words)
        assert said.code == code
        assert cause in said.error
    assert list(place.iterdir()) == []
