"""DDPM Studio from Python: ``import ddpm_studio as ds``; beside the terminal, on the same jobs."""

from ddpm_studio.api.plugin_warnings import warn_of
from ddpm_studio.catalogue import plugins

plugins.on_problem(warn_of)
