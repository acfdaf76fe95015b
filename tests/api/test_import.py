from __future__ import annotations

import inspect
import subprocess
import sys

import pytest

import ddpm_studio as ds
from ddpm_studio import requests

HEAVY = ("torch", "PySide6", "numpy", "pydantic", "rich", "PIL")


def test_the_import_is_light_and_tells_the_version() -> None:
    code = (
        "import sys, ddpm_studio as ds; "
        f"print(ds.__version__, [name for name in {HEAVY} if name in sys.modules])"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert said.stdout.split(" ", 1) == [ds.__version__, "[]\n"]


def test_every_name_is_there() -> None:
    assert {"Run", "StudioError", "finish", "open", "train"} <= set(dir(ds))
    for name in dir(ds):
        assert getattr(ds, name) is not None


@pytest.mark.parametrize(
    ("function", "models"),
    [
        (ds.train, [requests.TrainRequest, requests.PrepareOptions]),
        (ds.Run.sample, [requests.SampleRequest]),
        (ds.Run.share, [requests.ShareRequest]),
        (ds.Run.interpolate, [requests.InterpolateRequest]),
        (ds.Run.walk, [requests.PathRequest]),
        (ds.Run.inpaint, [requests.InpaintRequest]),
        (ds.Run.encode, [requests.EncodeRequest]),
        (ds.Run.bits, [requests.BitsRequest]),
        (ds.Run.neighbours, [requests.NeighboursRequest]),
    ],
)
def test_signatures_and_help_list_the_fields_of_the_requests(
    function: object, models: list[type[requests.Request]]
) -> None:
    assert callable(function)
    parameters = inspect.signature(function).parameters
    for model in models:
        for name, field in model.model_fields.items():
            if name == "run":
                continue
            parameter = parameters[name]
            if parameter.kind is parameter.KEYWORD_ONLY:
                assert parameter.default == field.default
                assert f"    {name}: " in str(function.__doc__)
    told = str(function.__doc__)
    assert "--gif" not in told, "a flag of the terminal"
    assert "mpty:" not in told, "in Python it is None"
