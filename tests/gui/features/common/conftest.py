"""Pictures in two classes, too."""

from tests.two_classes import class_folder

__all__ = ["class_folder"]
