"""What administrators do with accounts. Each step is recorded; none leaves the desk without one of them."""

from __future__ import annotations

import contextlib
import datetime as dt
import itertools
import secrets
from collections.abc import Iterable, Iterator

from axes.utils import reset as unlock
from django.contrib.auth.models import Group, User
from django.db import transaction
from django.db.models import QuerySet

from desk.audit.models import record
from desk.staff import second_factor
from desk.staff.roles import Role
from desk.staff.sessions import end_sessions

#: Letters and digits that nobody takes for one another.
_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"


class LastAdministratorError(Exception):
    """Nobody would be left who may give accounts."""


def administrators() -> QuerySet[User]:
    """Those who may give accounts, at present."""
    return User.objects.filter(is_active=True, groups__name=Role.ADMINISTRATOR)


def create(
    username: str,
    roles: Iterable[Role],
    actor: str,
    now: dt.datetime,
    display_name: str = "",
    mail: str = "",
) -> tuple[User, str]:
    """A new account.

    Args:
        username: a login name that nobody has.
        roles: what the person may do.
        actor: the login name of who creates it; "" for the desk itself.
        now: when.
        display_name: how colleagues see the person.
        mail: where the person is told what waits.

    Returns:
        The user, and a password for the first login.
    """
    password, roles = _password(), set(roles)
    with transaction.atomic():
        user = User.objects.create_user(username, mail, password)
        user.groups.set(_groups(roles))
        user.account.display_name = display_name
        user.account.password_is_temporary = True
        user.account.save()
        record("staff.created", now, actor=actor, username=username, roles=sorted(roles))
    return user, password


def change(
    user: User, roles: Iterable[Role], display_name: str, mail: str, actor: str, now: dt.datetime
) -> None:
    """Changes what a person may do, and how the person is seen and told.

    Raises:
        LastAdministratorError: nobody would be left who may give accounts.
    """
    after = set(roles)
    with _an_administrator_remains():
        before = set(user.groups.filter(name__in=Role.values).values_list("name", flat=True))
        if before != after:
            user.groups.set(_groups(after))
            record("staff.roles_changed", now, actor=actor, username=user.get_username(),
                   before=sorted(before), after=sorted(after))  # fmt: skip
        if (user.account.display_name, user.email) != (display_name, mail):
            user.account.display_name, user.email = display_name, mail
            user.account.save(update_fields=["display_name"])
            user.save(update_fields=["email"])
            record("staff.changed", now, actor=actor, username=user.get_username())


def set_active(user: User, active: bool, actor: str, now: dt.datetime) -> None:
    """Lets a person in again, or no longer; open sessions end.

    Raises:
        LastAdministratorError: nobody would be left who may give accounts.
    """
    with _an_administrator_remains():
        if not User.objects.filter(pk=user.pk).exclude(is_active=active).update(is_active=active):
            return
        end_sessions(user)
        action = "staff.activated" if active else "staff.deactivated"
        record(action, now, actor=actor, username=user.get_username())


def give_password(user: User, actor: str, now: dt.datetime) -> str:
    """Gives a person a new password for one login; sessions end, and a lock is lifted.

    Returns:
        The password.
    """
    password = _password()
    with transaction.atomic():
        user.set_password(password)
        user.save(update_fields=["password"])
        user.account.password_is_temporary = True
        user.account.save(update_fields=["password_is_temporary"])
        end_sessions(user)
        unlock(username=user.get_username())
        record("staff.password_given", now, actor=actor, username=user.get_username())
    return password


def reset_second_factor(user: User, actor: str, now: dt.datetime) -> None:
    """Has a person set up the second factor anew at the next login; sessions end."""
    with transaction.atomic():
        second_factor.remove(user)
        record("staff.second_factor_reset", now, actor=actor, username=user.get_username())


def first_administrator(now: dt.datetime) -> tuple[User, str] | None:
    """An administrator with a password for the first login, when there is none.

    Returns:
        The user and the password; None when there is an administrator.
    """
    with transaction.atomic():
        _one_at_a_time()
        if administrators().exists():
            return None
        names = set(User.objects.values_list("username", flat=True))
        free = next(name for n in itertools.count() if (name := f"admin{n or ''}") not in names)
        return create(free, [Role.ADMINISTRATOR], "", now)


@contextlib.contextmanager
def _an_administrator_remains() -> Iterator[None]:
    """A transaction that is undone when it leaves no administrator where there was one."""
    with transaction.atomic():
        _one_at_a_time()
        was_one = administrators().exists()
        yield
        if was_one and not administrators().exists():
            raise LastAdministratorError


def _one_at_a_time() -> None:
    """Has others who change administrators wait for the end of this transaction."""
    Group.objects.select_for_update().get(name=Role.ADMINISTRATOR)


def _groups(roles: Iterable[Role]) -> QuerySet[Group]:
    return Group.objects.filter(name__in=roles)


def _password() -> str:
    return "-".join("".join(secrets.choice(_LETTERS) for _ in range(4)) for _ in range(4))
