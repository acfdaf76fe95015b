from __future__ import annotations

import pytest
from pydantic import ValidationError

from ddpm_studio.requests import PrepareOptions
from ddpm_studio.validation import first_problem


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("background", "blurple", "must be a colour like #ffffff"),
        ("background", "#12345", "must be a colour like #ffffff"),
        ("image_size", 3, "must be at least 4"),
        ("image_size", 1025, "must be at most 1024"),
        ("fit", "bend", "must be 'crop', 'pad' or 'squash'"),
    ],
)
def test_a_refusal_is_in_plain_words(field: str, value: object, words: str) -> None:
    with pytest.raises(ValidationError) as refused:
        PrepareOptions.model_validate({field: value})
    assert first_problem(refused.value) == words
