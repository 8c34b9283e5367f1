"""What every page for staff needs: how fields look, and what the frame shows."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any

import yaml
from django.conf import settings
from django.forms.renderers import TemplatesSetting
from django.http import HttpRequest

from core.locale import sentence
from desk.staff.roles import Role, is_let_in, roles_of, staff_of


class Renderer(TemplatesSetting):
    """Forms and fields as the console shows them."""

    form_template_name = "console/form.html"
    field_template_name = "console/field.html"


def frame(request: HttpRequest) -> dict[str, Any]:
    """A context processor: whose desk it is, whether it is a demonstration, and who is at it."""
    mine = roles_of(staff_of(request)) if is_let_in(request) else frozenset()
    return {
        "desk_name": desk_name(),
        "is_demo": _clinic(settings.ENVIRONMENT.data)[1],
        "my_roles": [role for role in Role if role in mine],
    }


def desk_name() -> str:
    """What staff call the desk."""
    return sentence("staff.desk_name", clinic=_clinic(settings.ENVIRONMENT.data)[0])


@functools.lru_cache(maxsize=1)
def _clinic(data: Path) -> tuple[str, bool]:
    """The clinic's name, and whether it is the demonstration clinic."""
    content = yaml.safe_load((data / "knowledge" / "clinic.yml").read_text(encoding="utf-8"))
    return str(content["clinic"]["clinic_name"]), bool(content.get("demo", True))
