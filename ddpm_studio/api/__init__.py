"""Python interface, ``import ddpm_studio as ds``: runs the same jobs as the terminal."""

from ddpm_studio.api.plugin_warnings import warn_about
from ddpm_studio.catalogue import plugins

plugins.on_problem(warn_about)
