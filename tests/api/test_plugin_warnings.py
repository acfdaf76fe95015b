"""Python API: a plug-in that can't be used gives one warning."""

from __future__ import annotations

import warnings
from pathlib import Path

import pytest

import ddpm_studio as ds
from ddpm_studio import catalogue
from tests.catalogue.installing import declare, seen
from tests.catalogue.test_plugins import run_python

SAID = "The plug-in bad of broken-module 0.1 can't be used: RuntimeError: not today"


@pytest.fixture
def broken(tmp_path: Path) -> Path:
    (tmp_path / "broken_module.py").write_text("raise RuntimeError('not today')")
    declare(tmp_path, "broken-module", "0.1", {"bad": "broken_module:ENTRIES"})
    return tmp_path


def test_what_cant_be_used_is_warned_of_once(broken: Path, opened: ds.Run) -> None:
    with seen(broken, warned=True):
        with (
            pytest.warns(ds.PluginWarning) as told,
            pytest.raises(ds.StudioError, match="must be ddpm"),
        ):
            opened.sample(1, sampler="bad-walk")
        assert [str(one.message) for one in told] == [SAID]
        assert told[0].filename == __file__
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            with pytest.raises(ds.StudioError, match="must be ddpm"):
                opened.sample(1, sampler="bad-walk")
            assert "ddim" in list(catalogue.SAMPLERS)


def test_what_was_loaded_before_is_warned_of_too(broken: Path) -> None:
    code = (
        "import warnings\n"
        "from ddpm_studio import catalogue\n"
        "list(catalogue.SAMPLERS)\n"
        "with warnings.catch_warnings(record=True) as told:\n"
        "    warnings.simplefilter('always')\n"
        "    import ddpm_studio as ds\n"
        "    ds.train\n"
        "print([(type(one.message) is ds.PluginWarning, str(one.message)) for one in told])"
    )
    assert run_python(code, broken).strip() == str([(True, SAID)])
