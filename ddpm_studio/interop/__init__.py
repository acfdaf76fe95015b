"""Models in the layout of Hugging Face diffusers, in and out."""

from ddpm_studio.interop.reading import DiffusersModel, is_diffusers_folder, load_diffusers
from ddpm_studio.interop.writing import save_diffusers

__all__ = ["DiffusersModel", "is_diffusers_folder", "load_diffusers", "save_diffusers"]
