from pathlib import Path

import pytest

from ddpm_studio.cli.options import request_from_options
from ddpm_studio.jobs.command_lines import changed_options, read_pairs
from ddpm_studio.requests import PrepareOptions, SampleRequest, TrainRequest


def test_only_what_differs_is_spelt() -> None:
    asked = SampleRequest(run=Path("r"), count=3, clip_x0=False, respacing="ddim5")
    spelt = list(changed_options(asked, SampleRequest(run=Path("r")), ("run",)))
    assert spelt == ["--no-clip-x0", "--respacing", "ddim5", "--count", "3"]
    assert list(changed_options(asked, asked, ())) == []


def test_options_that_the_sampler_does_not_take_are_not_spelt() -> None:
    usual = SampleRequest(run=Path("r"))
    asked = SampleRequest(run=Path("r"), sampler="ddim", variance="fixed_small", eta=0.5)
    words = list(changed_options(asked, usual, ("run",)))
    assert words == ["--sampler", "ddim", "--eta", "0.5"]
    words = list(changed_options(asked.model_copy(update={"sampler": "pc"}), usual, ("run",)))
    assert words == ["--variance", "fixed_small", "--sampler", "pc"]


def test_numbers_keep_their_digits() -> None:
    usual = TrainRequest()
    asked = usual.model_copy(update={"optimizer_options": {"beta2": 0.9999999, "beta1": 1.0}})
    words = ["--optimizer-options", "beta2=0.9999999", "--optimizer-options", "beta1=1"]
    assert list(changed_options(asked, usual, ())) == words


@pytest.mark.parametrize(
    ("asked", "spelt"),
    [
        ({"image_size": (96, 64)}, ["--image-size", "96x64"]),
        ({"image_size": 32}, ["--image-size", "32"]),
        ({"classes": {"0": "T-shirt/top", "1": "-"}}, None),
        (
            {"classes": {"tench, Tinca tinca": "fish", "a=b": "c=d, e", "1\\": "\\2\\,"}},
            [
                *("--classes", r"tench\, Tinca tinca=fish"),
                *("--classes", r"a\=b=c\=d\, e"),
                *("--classes", r"1\\=\\2\\\,"),
            ],
        ),
        ({"range": "0..4095", "fit": "pad"}, None),
    ],
)
def test_what_is_spelt_asks_the_same(asked: dict[str, object], spelt: list[str] | None) -> None:
    request = PrepareOptions.model_validate(asked)
    words = list(changed_options(request, PrepareOptions(), ()))
    if spelt is not None:
        assert words == spelt
    given: dict[str, object] = {}
    for option, value in zip(words[::2], words[1::2], strict=True):
        name = option.removeprefix("--").replace("-", "_")
        given[name] = [*given.get(name, []), value] if name == "classes" else value  # type: ignore[misc]
    assert request_from_options(PrepareOptions, given) == request


def test_pairs_are_read_as_they_are_typed() -> None:
    assert list(read_pairs(r"a=1, b\c=d=e,f=g\, h")) == [
        ("a", "1"),
        (r"b\c", "d=e"),
        ("f", "g, h"),
    ]
    for text, told in (("a", "a"), ("a=", "a"), ("=b", "b"), ("a=1,", ""), ("", "")):
        with pytest.raises(ValueError, match=f"^{told}$"):
            list(read_pairs(text))
