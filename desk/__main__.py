"""Django's commands for the desk: ``python -m desk migrate``."""

from __future__ import annotations

import os
import sys

from desk.environment import SettingsError


def main() -> None:
    """Runs the command of the command line."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "desk.settings")
    from django.core.management import execute_from_command_line

    try:
        execute_from_command_line(["python -m desk", *sys.argv[1:]])
    except SettingsError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
