"""Mail to staff: who of a role has an address, and one mail to all of them."""

from __future__ import annotations

import logging
import smtplib
from collections.abc import Collection, Mapping
from typing import Any

from django.contrib.auth.models import User
from django.core.mail import EmailMessage
from django.template.loader import render_to_string

from desk.staff.roles import Role

logger = logging.getLogger(__name__)


def addresses(roles: Collection[str]) -> list[str]:
    """Where members of roles are reached, each address once.

    Args:
        roles: some of ``Role``.
    """
    members = User.objects.filter(is_active=True, groups__name__in=roles).exclude(email="")
    return sorted(set(members.values_list("email", flat=True)))


def unreached() -> list[Role]:
    """The roles none of whose members has an address."""
    members = User.objects.filter(is_active=True, groups__name__in=Role.values).exclude(email="")
    reached = set(members.values_list("groups__name", flat=True))
    return [role for role in Role if role not in reached]


def is_sent(
    about: str, subject: str, template: str, context: Mapping[str, Any], people: list[str]
) -> bool:
    """Sends one mail to all, none of whom sees the others.

    Args:
        about: what the log calls it; nobody's words.
        subject: in Japanese.
        template: of its text.
        context: for the template.
        people: their addresses.

    Returns:
        Whether the mail server took it.
    """
    mail = EmailMessage(subject, render_to_string(template, dict(context)), bcc=people)
    try:
        mail.send()
    except (OSError, smtplib.SMTPException) as error:
        logger.warning("a mail %s was not sent: %s", about, type(error).__name__)
        return False
    return True
