import numpy as np
import pytest

from ddpm_studio.export import make_grid, side_by_side, zoom, zoom_to


def numbered(count: int, channels: int = 1, height: int = 2, width: int = 3) -> np.ndarray:
    pictures = np.arange(count, dtype=np.uint8).reshape(-1, 1, 1, 1)
    return np.broadcast_to(pictures, (count, height, width, channels)).copy()


def test_rows_read_like_text_with_gaps_between() -> None:
    grid = make_grid(numbered(5), columns=2, gap=1, background=99)
    assert grid[:, :, 0].tolist() == [
        [0, 0, 0, 99, 1, 1, 1],
        [0, 0, 0, 99, 1, 1, 1],
        [99, 99, 99, 99, 99, 99, 99],
        [2, 2, 2, 99, 3, 3, 3],
        [2, 2, 2, 99, 3, 3, 3],
        [99, 99, 99, 99, 99, 99, 99],
        [4, 4, 4, 99, 99, 99, 99],
        [4, 4, 4, 99, 99, 99, 99],
    ]


def test_one_picture_is_its_own_grid() -> None:
    picture = np.random.default_rng(0).integers(0, 256, (1, 7, 5, 3), dtype=np.uint8)
    assert np.array_equal(make_grid(picture), picture[0])


@pytest.mark.parametrize(("count", "shape"), [(4, (4, 6)), (5, (4, 9)), (16, (8, 12))])
def test_columns_are_chosen_as_square_as_can_be(count: int, shape: tuple[int, int]) -> None:
    assert make_grid(numbered(count), gap=0).shape == (*shape, 1)


def test_more_columns_than_pictures_add_no_empty_places() -> None:
    assert make_grid(numbered(2), columns=10, gap=0).shape == (2, 6, 1)


@pytest.mark.parametrize(
    ("channels", "background", "gap"),
    [
        (2, 9, [9, 255]),
        (2, (1, 2, 3), [3, 255]),
        (4, 9, [9, 9, 9, 255]),
        (4, (1, 2, 3), [1, 2, 3, 255]),
        (5, 9, [9, 9, 9, 9, 9]),
        (5, (1, 2, 3), [1, 2, 3, 255, 255]),
    ],
)
def test_gaps_are_opaque(
    channels: int, background: int | tuple[int, int, int], gap: list[int]
) -> None:
    pictures = np.zeros((2, 2, 2, channels), np.uint8)
    grid = make_grid(pictures, columns=2, gap=1, background=background)
    assert grid[0, 2].tolist() == gap


def test_a_coloured_background_makes_gray_pictures_rgb() -> None:
    grid = make_grid(numbered(2), gap=1, background=(1, 2, 3))
    assert grid[0, 3].tolist() == [1, 2, 3]
    assert grid[0, 4].tolist() == [1, 1, 1]


def test_scale_repeats_pixels_and_gaps() -> None:
    small = make_grid(numbered(4), gap=1)
    large = make_grid(numbered(4), gap=1, scale=3)
    assert np.array_equal(large[::3, ::3], small)
    assert np.array_equal(large[1::3, 2::3], small)


def test_zoom_makes_each_pixel_a_square() -> None:
    picture = np.array([[[1], [2]]], np.uint8)
    assert zoom(picture, 2)[:, :, 0].tolist() == [[1, 1, 2, 2], [1, 1, 2, 2]]


@pytest.mark.parametrize(
    ("shape", "side", "factor"),
    [
        ((28, 28, 1), 256, 9),
        ((16, 40, 3), 100, 2),
        ((16, 40, 3), 0, 1),
        ((300, 400, 4), 256, 1),
        ((16, 16, 6), 256, 1),
        ((4, 4, 3), 1024, 64),
    ],
)
def test_a_picture_grows_by_a_whole_factor_up_to_a_side(
    shape: tuple[int, int, int], side: int, factor: int
) -> None:
    assert zoom_to(np.zeros(shape, np.uint8), side) == factor


def test_side_by_side() -> None:
    left, right = numbered(2)
    assert side_by_side([left, right], gap=1, background=9)[0, :, 0].tolist() == [
        *(0, 0, 0, 9, 1, 1, 1)
    ]


@pytest.mark.parametrize(
    "pictures",
    [
        np.zeros((2, 4, 4, 1), np.float32),
        np.zeros((4, 4, 1), np.uint8),
        np.zeros((2, 4, 4, 65), np.uint8),
        np.zeros((0, 4, 4, 1), np.uint8),
    ],
)
def test_other_arrays_are_refused(pictures: np.ndarray) -> None:
    with pytest.raises(ValueError, match="pictures must"):
        make_grid(pictures)


@pytest.mark.parametrize("options", [{"columns": 0}, {"gap": -1}, {"scale": 0}])
def test_numbers_out_of_range_are_refused(options: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="at least"):
        make_grid(numbered(2), **options)
