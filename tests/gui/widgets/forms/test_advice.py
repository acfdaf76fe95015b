"""Advice written for the terminal: its options are replaced by the titles of form fields."""

from __future__ import annotations

from ddpm_studio.gui.widgets.forms.advice import options_to_titles
from ddpm_studio.requests import PrepareOptions, TrainRequest

WORDS = "“{field}: {value}”"


def test_what_is_yes_or_no_is_told_with_its_value() -> None:
    fields = TrainRequest.model_fields
    advice = options_to_titles("--no-class-conditional trains without.", fields, WORDS)
    assert advice == "“Classes: no” trains without."
    advice = options_to_titles("--class-conditional learns them.", fields, WORDS)
    assert advice == "“Classes: yes” learns them."


def test_a_value_is_taken_only_where_one_is_said_to_follow() -> None:
    fields = PrepareOptions.model_fields
    title = fields["image_size"].title
    line = "--image-size chooses another size."
    assert options_to_titles(line, fields, WORDS) == f"{title} chooses another size."
    assert options_to_titles("--image-size 32 is less.", fields, WORDS, with_values=True) == (
        f"“{title}: 32” is less."
    )


def test_an_option_that_is_no_field_keeps_its_name() -> None:
    line = "--resume goes on, --no-sense does not."
    assert options_to_titles(line, TrainRequest.model_fields, WORDS) == line
