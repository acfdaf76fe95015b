import pytest

from ddpm_studio.engine import UNetConfig
from ddpm_studio.errors import StudioError
from ddpm_studio.requests import PrepareOptions
from ddpm_studio.runs import DataInfo, ProcessInfo, RunInfo
from ddpm_studio.runs.classes import class_number, known_classes


def info(count: int | None, names: tuple[str, ...] = ()) -> RunInfo:
    data = DataInfo(
        sources=("a",), fingerprint="f", count=9, class_names=names, options=PrepareOptions()
    )
    network = UNetConfig.tiny().with_fields(num_classes=count).to_dict()
    process = ProcessInfo(schedule="linear", timesteps=20)
    return RunInfo(network=network, process=process, data=data)


def test_a_class_is_meant_by_its_name_or_its_number() -> None:
    run = info(3, ("circle", "square", "triangle"))
    assert [class_number(run, word) for word in ("circle", "triangle", "0", "2")] == [0, 2, 0, 2]


def test_a_name_made_of_digits_is_a_name() -> None:
    run = info(3, ("3", "7", "10"))
    assert [class_number(run, word) for word in ("3", "7", "10", "0", "2")] == [0, 1, 2, 0, 2]


def test_classes_without_names_go_by_number() -> None:
    assert known_classes(info(3)) == ("0", "1", "2")
    assert class_number(info(3), "2") == 2


@pytest.mark.parametrize("word", ["sqare", "3", "-1", "²", ""])
def test_an_unknown_class_is_told_with_those_there_are(word: str) -> None:
    with pytest.raises(StudioError, match="0 circle, 1 square, 2 triangle"):
        class_number(info(3, ("circle", "square", "triangle")), word)


def test_of_many_classes_some_are_told() -> None:
    names = tuple(f"kind {letter}" * 9 for letter in map(chr, range(200, 1200)))
    with pytest.raises(StudioError) as caught:
        class_number(info(1000, names), "dog")
    assert "and 988 more, up to 999" in caught.value.remedy
    assert "…." not in caught.value.remedy


@pytest.mark.parametrize("word", ["dog", "0"])
def test_a_model_without_classes_says_so(word: str) -> None:
    with pytest.raises(StudioError, match="without classes"):
        class_number(info(None), word)
