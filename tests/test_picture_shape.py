"""Bands to show of pictures with many channels: parsing and validation; names of channels."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from ddpm_studio.picture_shape import (
    PictureShape,
    check_bands,
    format_bands,
    format_ranges,
    parse_bands,
    parse_expected_ranges,
    parse_ranges,
)
from ddpm_studio.requests import GridOptions, PrepareOptions


@pytest.mark.parametrize("given", ["4,3,2", " 4 3;2 ", (4, 3, 2), [4, 3, 2]])
def test_bands_are_counted_from_one(given: object) -> None:
    assert parse_bands(given) == (3, 2, 1)
    options = GridOptions.model_validate({"bands": given})
    assert options.bands == format_bands((3, 2, 1)) == "4,3,2"


@pytest.mark.parametrize(
    "given",
    ["", "4,3", "4,3,2,1", "0,1,2", "1,2,65", "1,2,100", "a,b,c", (0, 1, 2), 7, (1.5, 2, 3)],
)
def test_what_are_no_three_bands_is_refused(given: object) -> None:
    with pytest.raises(ValidationError, match="three numbers from 1 to 64"):
        GridOptions.model_validate({"bands": given})


def test_there_must_be_such_bands() -> None:
    check_bands(5, (4, 0, 0))
    with pytest.raises(ValueError, match="numbered 1 to 5, there is no 6"):
        check_bands(5, (0, 5, 1))


@pytest.mark.parametrize(("channels", "kind"), [(1, "gray"), (2, "alpha"), (3, "RGB"), (4, "RGBA")])
def test_of_colours_none_are_chosen(channels: int, kind: str) -> None:
    check_bands(channels, (0, 1, 2))
    with pytest.raises(ValueError, match=f"{kind} is seen as it is"):
        check_bands(channels, (2, 1, 0))


def test_ranges_are_of_a_dtype_or_of_all() -> None:
    assert parse_ranges("0..4095") == {"": (0, 4095)}
    assert parse_ranges("0,4095") == parse_ranges("0:4095") == {"": (0, 4095)}
    ranges = {"": (-1.0, 1.0), "float32": (0.1, 1e22), "uint16": (0.0, 4095.0)}
    text = format_ranges(ranges)
    assert text == "-1..1; float32=0.1..1e+22; uint16=0..4095"
    assert parse_ranges(text) == ranges
    for wrong in ("", "uint16", "uint16=", "uint12=0..4095", "0..1;", "uint16=0..4095,uint8=0..1"):
        with pytest.raises(ValueError, match="two numbers such as"):
            parse_ranges(wrong)
    for twice in ("0..1; 0..4095", "uint16=0..1; uint8=0..1; uint16=0..4095"):
        with pytest.raises(ValueError, match="must give one range"):
            parse_ranges(twice)


def test_expected_ranges_are_apart_from_those_asked_for() -> None:
    asked, expected = {"uint8": (0.0, 15.0)}, {"uint8": (0.0, 1.0), "uint16": (0.0, 4095.0)}
    text = format_ranges(asked, expected)
    assert (parse_ranges(text), parse_expected_ranges(text)) == (asked, expected)
    options = PrepareOptions(range="0..4095")
    assert options.expecting({}) is options
    assert options.expecting(expected).expecting({}) == options
    assert options.expecting(expected).ranges == options.ranges


def test_bands_are_named_so_however_few_they_are() -> None:
    few = [PictureShape(8, 8, channels, are_bands=True) for channels in (1, 2, 4)]
    assert [shape.colour for shape in few] == ["1 band", "2 bands", "4 bands"]
    assert not any(shape.has_alpha for shape in few)
    assert PictureShape(8, 8, 6).colour == "6 bands"
    # A network takes pictures of this shape, whatever its channels are called.
    assert few[2] == PictureShape(8, 8, 4)
    assert PictureShape(8, 8, 4).colour == "RGBA"
    assert PictureShape(8, 8, 4).has_alpha
