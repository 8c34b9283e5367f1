"""What the desk knows of a staff member beyond Django's user."""

from __future__ import annotations

from django.contrib.auth.models import User
from django.db import models
from django.db.models.signals import post_save
from django.dispatch import receiver


class Account(models.Model):
    """A staff member's account; every user has one.

    Attributes:
        display_name: how colleagues see the person; patients never do.
        password_is_temporary: it was given by somebody else and must be changed.
        sessions_ended: how often all sessions of the user were ended; each session knows the number
            under which it began.
    """

    user = models.OneToOneField(User, models.CASCADE, related_name="account")
    display_name = models.CharField("表示名", max_length=40, blank=True)
    password_is_temporary = models.BooleanField(default=False)
    sessions_ended = models.PositiveIntegerField(default=0)

    def __str__(self) -> str:
        return self.name

    @property
    def name(self) -> str:
        """How colleagues see the person."""
        return self.display_name or self.user.get_username()


@receiver(post_save, sender=User)
def give_account(instance: User, created: bool, raw: bool, **_: object) -> None:
    """A new user has an account, however it was made; loaded data bring their own."""
    if created and not raw:
        Account.objects.create(user=instance)
