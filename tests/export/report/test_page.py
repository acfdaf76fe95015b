import numpy as np
import pytest

from ddpm_studio.export.report.blocks import (
    Facts,
    Note,
    ReportFigure,
    ReportTable,
    Row,
    Section,
    Tiles,
)
from ddpm_studio.export.report.chain import Node, chain
from ddpm_studio.export.report.page import Page, page_html
from tests.report_pages import Element, check_alone, parse, pixels

HOSTILE = "<script src='http://far.example/x.js'></script>\"&{0}"
RNG = np.random.default_rng(0)


def drawn(section: Section) -> Element:
    page = parse(page_html(Page(HOSTILE, HOSTILE, [HOSTILE], [section], HOSTILE)))
    check_alone(page)
    return page


def test_words_out_of_files_stay_words() -> None:
    pictures = RNG.integers(0, 256, (2, 5, 4, 3), dtype=np.uint8)
    tiles = Tiles([Row(pictures, HOSTILE)], HOSTILE, [HOSTILE], HOSTILE)
    facts, table = Facts([(HOSTILE, HOSTILE), ("none", "")]), ReportTable((HOSTILE,), [[HOSTILE]])
    figure = ReportFigure([tiles, facts, table, Note(HOSTILE, missing=True)], HOSTILE, [HOSTILE])
    page = drawn(Section("part", HOSTILE, HOSTILE, HOSTILE, [figure]))
    # Including the header and the table of contents.
    assert page.text.count(HOSTILE) == 19
    assert "none" not in page.all("main")[0].text


def test_names_that_are_no_text_in_any_encoding_can_be_written() -> None:
    page = page_html(Page("caf\udce9 β", "", [], [], ""))
    assert "<h1>caf? β</h1>" in page.encode("utf-8").decode("utf-8")


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_pictures_are_there_pixel_by_pixel(channels: int) -> None:
    pictures = RNG.integers(0, 256, (3, 7, 5, channels), dtype=np.uint8)
    tiles = Tiles([Row(pictures[:2], leading=pictures[2:])], "Three")
    shown = parse(tiles.html()).pictures
    assert np.array_equal(shown, pictures[[2, 0, 1]])


def test_of_bands_those_are_seen_that_were_chosen() -> None:
    pictures = RNG.integers(0, 256, (1, 6, 6, 5), dtype=np.uint8)
    shown = parse(Tiles([Row(pictures)], "One", bands=(4, 0, 2)).html()).pictures
    assert np.array_equal(shown, pictures[..., [4, 0, 2]])


def test_options_of_a_command_are_not_broken_at_their_hyphens() -> None:
    file = f"{'long-' * 12}name.png"
    line = f"ddpm-studio sample run --all-classes --out {file}"
    code = parse(ReportFigure([], "", [line]).html()).all("code")[0]
    assert code.text == line
    whole = [word.text for word in code.all("span")]
    assert whole == ["ddpm-studio", "sample", "run", "--all-classes", "--out"]


def test_the_graphical_model_leads_from_noise_to_the_picture() -> None:
    pictures = RNG.integers(0, 256, (4, 6, 12, 3), dtype=np.uint8)
    symbols = ("x_T", "", "x_t", "x_0")
    nodes = [Node(symbol, one) for symbol, one in zip(symbols, pictures, strict=True)]
    svg = parse(chain(nodes, title="A chain"))
    images = svg.all("image")
    places = [float(one.attributes["x"]) for one in images]
    assert places == sorted(places)
    for image, picture in zip(images, pictures, strict=True):
        assert np.array_equal(pixels(image.attributes["href"]), picture)
        wide, tall = (float(image.attributes[side]) for side in ("width", "height"))
        assert wide == 2 * tall
    assert len(svg.all("circle")) == 3
    assert [bool("observed" in one.attributes["class"]) for one in svg.all("circle")] == [
        *(False, False, True)
    ]
    # Both transition kernels of the only step whose ends have names.
    kernels = [one.text.replace("\u200b", "") for one in svg.all("text", "kernel")]
    assert kernels == ["pθ(x0|xt)", "q(xt|x0)"]
