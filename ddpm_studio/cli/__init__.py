"""Command-line interface: runs the same jobs as the window."""

from ddpm_studio.cli.app import main, run

__all__ = ["main", "run"]
