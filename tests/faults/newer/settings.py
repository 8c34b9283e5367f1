"""The settings of a later version of the desk: one app more, with one migration more."""

from desk.settings import *  # noqa: F403
from desk.settings import INSTALLED_APPS

INSTALLED_APPS = [*INSTALLED_APPS, "tests.faults.newer"]
