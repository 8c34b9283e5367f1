"""Fields whose values are sealed where they are stored, and open only in their row.

A value is opened when it is first asked for. The database sees the sealed one alone, so nothing can be
looked for in it; what a query returns without its row (``values``) is a ``Sealed``, which the field opens
with what tells the row.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from django.db import models
from django.db.models.query_utils import DeferredAttribute

from desk.seals.ring import keyring

if TYPE_CHECKING:
    _TextField = models.TextField[Any, Any]
else:
    _TextField = models.TextField


class Sealed:
    """A value as it is stored.

    Attributes:
        raw: the sealed text.
    """

    __slots__ = ("raw",)

    def __init__(self, raw: str) -> None:
        self.raw = raw

    def __str__(self) -> str:
        raise TypeError("a sealed value is opened by its field, with its row")


class _Attribute(DeferredAttribute):
    """Opens a row's value when it is first asked for."""

    field: SealedTextField

    def __get__(self, instance: models.Model | None, cls: type[models.Model] | None = None) -> Any:
        value = super().__get__(instance, cls)
        if instance is not None and isinstance(value, Sealed):
            value = instance.__dict__[self.field.attname] = self.field.opened(value, instance)
        return value

    def __set__(self, instance: models.Model, value: object) -> None:
        instance.__dict__[self.field.attname] = value


class SealedTextField(_TextField):
    """A text, sealed. What is empty is stored as it is.

    Args:
        bound_to: fields that tell the row; set before it is stored, and never changed.
    """

    descriptor_class = _Attribute

    def __init__(self, *args: Any, bound_to: Sequence[str], **kwargs: Any) -> None:
        self.bound_to = tuple(bound_to)
        super().__init__(*args, **kwargs)

    def deconstruct(self) -> Any:
        """For migrations."""
        name, path, args, kwargs = super().deconstruct()
        return name, path, args, {**kwargs, "bound_to": self.bound_to}

    def sealed(self, value: Any, row: models.Model | Mapping[str, Any]) -> Sealed:
        """A value as it is stored in a row.

        Args:
            value: what is to stand there.
            row: the row, or what tells it by field.
        """
        if isinstance(value, Sealed):
            return value
        return Sealed(keyring().seal(self.written(value), self.place(row)) if value else "")

    def opened(self, value: Sealed, row: models.Model | Mapping[str, Any]) -> Any:
        """What a row's sealed value says.

        Args:
            value: as it is stored.
            row: the row, or what tells it by field.

        Raises:
            SealError: it cannot be opened.
        """
        if not value.raw:
            return self.nothing()
        return self.read(keyring().open(value.raw, self.place(row)))

    def place(self, row: models.Model | Mapping[str, Any]) -> list[str]:
        """Where a row's value stands.

        Args:
            row: the row, or what tells it by field.
        """
        get = row.__getitem__ if isinstance(row, Mapping) else row.__getattribute__
        return [self.model._meta.db_table, self.name, *(_as_text(get(n)) for n in self.bound_to)]

    def written(self, value: Any) -> str:
        """A value as the text that is sealed."""
        return str(value)

    def read(self, text: str) -> Any:
        """The value of a text that was sealed."""
        return text

    def nothing(self) -> Any:
        """What stands for nothing."""
        return ""

    def pre_save(self, model_instance: models.Model, add: bool) -> Any:  # noqa: ARG002
        """The sealed value; one that nobody has opened stays as it is."""
        value = model_instance.__dict__.get(self.attname)
        return self.sealed(self.nothing() if value is None else value, model_instance)

    def get_prep_value(self, value: Any) -> Any:
        """What the database gets: only what is sealed, or nothing.

        Raises:
            TypeError: it is not sealed; ``desk.conversations.models.change`` knows the row.
        """
        if isinstance(value, Sealed):
            return value.raw
        if value:
            raise TypeError(f"{self.name} is sealed for its row: save the row, or use change()")
        return ""

    def from_db_value(self, value: Any, *_: object) -> Any:
        """What was stored, not opened yet; None where a join found no row."""
        return None if value is None else Sealed(value)

    def get_lookup(self, lookup_name: str) -> Any:
        """None: what is sealed cannot be looked for."""
        return super().get_lookup(lookup_name) if lookup_name == "isnull" else None


class SealedJSONField(SealedTextField):
    """Anything that JSON can say, sealed; the default stands for nothing."""

    # Read by the type checker's plug-in for Django, which takes it for a text otherwise.
    _pyi_private_set_type: Any
    _pyi_private_get_type: Any

    def written(self, value: Any) -> str:
        """The value as JSON."""
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"))

    def read(self, text: str) -> Any:
        """What JSON says."""
        return json.loads(text)

    def nothing(self) -> Any:
        """The default."""
        return self.get_default()


def _as_text(value: Any) -> str:
    """What tells a row, always the same for the same value, whatever database it comes from."""
    if isinstance(value, dt.datetime):
        return value.astimezone(dt.UTC).isoformat(timespec="microseconds")
    if value is None:
        raise ValueError("what tells the row must be set before a value is sealed for it")
    return str(value)
