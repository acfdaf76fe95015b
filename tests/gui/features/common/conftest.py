"""Adds the fixture ``class_folder``: pictures in two classes."""

from tests.two_classes import class_folder

__all__ = ["class_folder"]
