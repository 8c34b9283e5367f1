"""The pages where administrators give and take accounts."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.models import Group, User
from django.db.models import Prefetch
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from core.locale import sentence
from desk.staff import accounts, second_factor
from desk.staff.accounts import LastAdministratorError
from desk.staff.forms import NewPersonForm, PersonForm
from desk.staff.roles import Role, for_staff, staff_of

for_administrators = for_staff(frozenset({Role.ADMINISTRATOR}))


@for_administrators
@require_safe
def everybody(request: HttpRequest) -> HttpResponse:
    """All accounts."""
    people = (
        User.objects.select_related("account")
        .prefetch_related(Prefetch("groups", Group.objects.order_by("pk")), "totpdevice_set")
        .order_by("-is_active", "username")
    )
    return render(request, "staff/people.html", {"people": people})


@for_administrators
@require_http_methods(["GET", "HEAD", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    """A new account, and its password for the first login."""
    form = NewPersonForm(request.POST or None)
    if form.is_valid():
        given = form.cleaned_data
        user, password = accounts.create(
            given["username"], form.chosen_roles(), _actor(request), timezone.now(),
            display_name=given["display_name"], mail=given["mail"],
        )  # fmt: skip
        return _password(request, user, password, is_new=True)
    return render(request, "staff/person_new.html", {"form": form})


@for_administrators
@require_http_methods(["GET", "HEAD", "POST"])
def person(request: HttpRequest, pk: int) -> HttpResponse:
    """One account, and what can be done with it."""
    user = _user(pk)
    present = {
        "display_name": user.account.display_name,
        "mail": user.email,
        "roles": [group.name for group in user.groups.all()],
    }
    form = PersonForm(request.POST or None, initial=present)
    if form.is_valid():
        given = form.cleaned_data
        try:
            accounts.change(
                user, form.chosen_roles(), given["display_name"], given["mail"], _actor(request),
                timezone.now(),
            )  # fmt: skip
        except LastAdministratorError:
            form.add_error("roles", sentence("staff.last_administrator"))
        else:
            messages.success(request, sentence("staff.person_changed", name=user.account.name))
            return redirect("staff:people")
    context = {
        "form": form,
        "person": user,
        "has_app": second_factor.app_of(user) is not None,
        "codes_left": second_factor.recovery_codes_left(user),
    }
    return render(request, "staff/person.html", context)


@for_administrators
@require_POST
def new_password(request: HttpRequest, pk: int) -> HttpResponse:
    """Another password for one login."""
    user = _user(pk)
    password = accounts.give_password(user, _actor(request), timezone.now())
    return _password(request, user, password, is_new=False)


@for_administrators
@require_POST
def reset(request: HttpRequest, pk: int) -> HttpResponse:
    """Has a person set up the second factor anew."""
    user = _user(pk)
    accounts.reset_second_factor(user, _actor(request), timezone.now())
    messages.success(request, sentence("staff.second_factor_reset", name=user.account.name))
    return redirect("staff:person", pk)


@for_administrators
@require_POST
def set_active(request: HttpRequest, pk: int) -> HttpResponse:
    """Lets a person in again, or no longer."""
    user, active = _user(pk), request.POST.get("active") == "1"
    try:
        accounts.set_active(user, active, _actor(request), timezone.now())
    except LastAdministratorError:
        messages.error(request, sentence("staff.last_administrator"))
    else:
        key = "staff.activated" if active else "staff.deactivated"
        messages.success(request, sentence(key, name=user.account.name))
    return redirect("staff:person", pk)


def _user(pk: int) -> User:
    return get_object_or_404(User.objects.select_related("account"), pk=pk)


def _actor(request: HttpRequest) -> str:
    return staff_of(request).get_username()


def _password(request: HttpRequest, user: User, password: str, *, is_new: bool) -> HttpResponse:
    context = {"person": user, "password": password, "is_new": is_new}
    return render(request, "staff/one_time_password.html", context)
