"""What every page for staff needs: how fields look, and what the frame shows."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.forms.renderers import TemplatesSetting
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from core.clinic_hours import TOKYO
from core.locale import sentence
from desk.console.alarms import alarms
from desk.conversations.equipment import equipment
from desk.staff.roles import Role, is_let_in, roles_of, staff_of


class Renderer(TemplatesSetting):
    """Forms and fields as the console shows them."""

    form_template_name = "console/form.html"
    field_template_name = "console/field.html"


def frame(request: HttpRequest) -> dict[str, Any]:
    """A context processor: whose desk it is, whether it is a demonstration, who is at it, and what
    cannot wait.
    """
    mine = roles_of(staff_of(request)) if is_let_in(request) else frozenset()
    return {
        # Parts of pages do not show them.
        "alarms": SimpleLazyObject(lambda: alarms(dt.datetime.now(TOKYO))),
        "desk_name": desk_name(),
        "is_demo": equipment().knowledge.demo,
        "my_roles": [role for role in Role if role in mine],
    }


def desk_name() -> str:
    """What staff call the desk."""
    return sentence("staff.desk_name", clinic=equipment().knowledge.clinic["clinic_name"])
