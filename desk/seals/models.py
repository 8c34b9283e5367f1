"""Which keys have sealed something here, and by what addresses are found."""

from __future__ import annotations

from django.db import models

from desk.seals.fields import SealedTextField


class UsedKey(models.Model):
    """A key that has sealed values of this database, or may have.

    Attributes:
        name: as in ``DESK_KEYS``.
        check_value: tells another key of the same name; says nothing of the key.
        begun_at: when a process first had it as the one that seals.
    """

    name = models.CharField(max_length=16, primary_key=True)
    check_value = models.CharField(max_length=64)
    begun_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.name


class IndexKey(models.Model):
    """By what addresses are hashed; there is one row.

    Attributes:
        secret: 32 random bytes in base64.
    """

    name = models.CharField(max_length=16, primary_key=True)
    secret = SealedTextField(bound_to=("name",))

    def __str__(self) -> str:
        return self.name
