"""``python -m ddpm_studio`` is the terminal's ``ddpm-studio``."""

from ddpm_studio.cli import main

if __name__ == "__main__":
    main()
