"""Exceptions for pictures that can't or must not be decoded, and reasons for the report."""

from __future__ import annotations


class UnusablePicture(Exception):  # noqa: N818 - a verdict on a picture, not a fault of the program
    """Raised for a picture that can't be used; the message is the reason for the report."""


class LargePicture(Exception):  # noqa: N818 - a verdict on a picture, not a fault of the program
    """Raised for a picture that takes so much memory that only one may be decoded at a time."""


#: The kind of reason for leaving out a picture whose values have no known meaning.
OUT_OF_RANGE = "values out of range"
#: Ends the detail of that reason where giving a range would help.
RANGE_REQUIRED = "say their range"
#: The reason for leaving out a file with a picture's suffix whose signature is unknown.
UNKNOWN_CONTENT = "damaged: its content is no picture"
