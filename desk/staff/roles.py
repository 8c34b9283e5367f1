"""What a staff member may do: roles are groups of Django's, and each view names those it is for."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Concatenate

from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db import models
from django.http import HttpRequest, HttpResponseBase

from desk.staff.steps import missing, turned_away


class Role(models.TextChoices):
    """The roles; the values are the groups' names."""

    RECEPTION = "受付", "受付"
    NURSE = "看護師", "看護師"
    DOCTOR = "医師", "医師"
    ADMINISTRATOR = "管理者", "管理者"


#: Everybody who works here.
EVERYBODY = frozenset(Role)
#: Who may judge what is medical.
CLINICAL = frozenset({Role.NURSE, Role.DOCTOR})


def roles_of(user: User) -> frozenset[Role]:
    """The roles of a staff member."""
    if not user.is_active:
        return frozenset()
    names = user.groups.filter(name__in=Role.values).values_list("name", flat=True)
    return frozenset(Role(name) for name in names)


def is_let_in(request: HttpRequest) -> bool:
    """Whether who asks has proved both factors and has a password of their own."""
    return not missing(request)


def staff_of(request: HttpRequest) -> User:
    """Who makes a request that a view for staff has let in."""
    assert isinstance(request.user, User)
    return request.user


def for_staff[**P](
    roles: frozenset[Role] = EVERYBODY,
) -> Callable[
    [Callable[Concatenate[HttpRequest, P], HttpResponseBase]],
    Callable[Concatenate[HttpRequest, P], HttpResponseBase],
]:
    """Lets in who has proved both factors, has a password of their own and one of the roles.

    Others are sent to where they prove it; who lacks the role is refused (403).

    Args:
        roles: whom the view is for.
    """

    def decorate(
        view: Callable[Concatenate[HttpRequest, P], HttpResponseBase],
    ) -> Callable[Concatenate[HttpRequest, P], HttpResponseBase]:
        @functools.wraps(view)
        def guarded(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
            page = missing(request)
            if page:
                return turned_away(page, request)
            if not roles & roles_of(staff_of(request)):
                raise PermissionDenied
            return view(request, *args, **kwargs)

        return guarded

    return decorate


def after_password[**P](
    view: Callable[Concatenate[HttpRequest, P], HttpResponseBase],
) -> Callable[Concatenate[HttpRequest, P], HttpResponseBase]:
    """Lets in who has given the right name and password; for the pages where the rest is proved."""

    @functools.wraps(view)
    def guarded(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        page = missing(request)
        if page == "staff:login":
            return turned_away(page, request)
        return view(request, *args, **kwargs)

    return guarded
