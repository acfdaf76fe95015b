"""Module entry point: ``python -m ddpm_studio`` runs the ``ddpm-studio`` command."""

from ddpm_studio.cli import main

if __name__ == "__main__":
    main()
