"""The addresses of accounts, below ``/staff/``."""

from __future__ import annotations

from django.urls import path

from desk.staff import entry, own, people

app_name = "staff"
urlpatterns = [
    path("login/", entry.log_in, name="login"),
    path("logout/", entry.log_out, name="logout"),
    path("second-factor/", entry.prove_second_factor, name="second-factor"),
    path("second-factor/setup/", own.set_up_second_factor, name="second-factor-setup"),
    path("recovery-codes/", own.renew_recovery_codes, name="recovery-codes"),
    path("password/", own.change_password, name="password"),
    path("account/", own.account, name="account"),
    path("people/", people.everybody, name="people"),
    path("people/new/", people.new, name="person-new"),
    path("people/<int:pk>/", people.person, name="person"),
    path("people/<int:pk>/password/", people.new_password, name="person-password"),
    path("people/<int:pk>/second-factor/", people.reset, name="person-second-factor"),
    path("people/<int:pk>/active/", people.set_active, name="person-active"),
]
