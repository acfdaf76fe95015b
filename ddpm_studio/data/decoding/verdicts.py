"""Exceptions for pictures that are not decoded."""

from __future__ import annotations


class Unusable(Exception):  # noqa: N818 - a verdict on a picture, not a fault of the program
    """A picture that can't be used; its text is the reason for the report."""


class Large(Exception):  # noqa: N818 - a verdict on a picture, not a fault of the program
    """A picture that takes so much memory that one at a time is enough."""


#: The kind of reason for leaving out a picture whose numbers have no meaning that is known.
OUT_OF_RANGE = "values out of range"
#: Ends the detail of that reason where a range makes levels of them.
SAY_RANGE = "say their range"
#: Why a file under a picture's name is left out that begins like nothing that is known.
UNKNOWN_CONTENT = "damaged: its content is no picture"
