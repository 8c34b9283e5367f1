"""What the templates of gaps need."""

from __future__ import annotations

from collections.abc import Mapping

from django import template

register = template.Library()


@register.filter
def named(names: Mapping[str, str], code: str) -> str:
    """The name of a code; one without a name stands for itself."""
    return names.get(code, code)
