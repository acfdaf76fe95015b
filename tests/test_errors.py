"""Errors as data: when the details of a ``Failure`` have a traceback."""

from __future__ import annotations

import pytest

from ddpm_studio.errors import Failure, StudioError


def test_what_was_only_told_has_no_details_that_repeat_it() -> None:
    assert Failure.of(StudioError("There is no model.", "Open one.")).details == ""


def test_what_was_raised_tells_where() -> None:
    with pytest.raises(StudioError) as caught:
        raise StudioError("It can't be read.")
    assert "test_what_was_raised" in Failure.of(caught.value).details
