"""Fills the console with a week of a marked demonstration, or removes it (``make demo-data``, ``CLEAR=1``).

Never on a production desk, never beside real conversations. The audit log keeps what was played, as it keeps
everything.
"""

from __future__ import annotations

import argparse
import os
import sys

import django

from tools.desk import DeskSetupError, migrate
from tools.places import LOOPBACK, PortError, Ports, check_free


def main() -> int:
    """Plays the week, or removes it."""
    parser = argparse.ArgumentParser(prog="make demo-data", description=__doc__)
    parser.add_argument("--clear", action="store_true", help="remove what was played")
    parser.add_argument("--seed", type=int, help="another week")
    given = parser.parse_args()
    try:
        check_free({"desk": (LOOPBACK, Ports.from_environment().desk)})
        migrate()
    except (PortError, DeskSetupError) as error:
        print(error, file=sys.stderr)
        return 1
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "desk.settings")
    django.setup(set_prefix=False)
    from desk.demo import filling

    try:
        print(filling.clear() if given.clear else filling.fill(given.seed or filling.SEED))
    except filling.NotPossibleError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
