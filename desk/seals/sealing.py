"""What is sealed by which key, in every table; and sealing it anew while the desk works."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from django.apps import apps
from django.db import Error, connection, models, transaction
from django.db.models import Count, QuerySet, TextField, Value
from django.db.models.functions import Cast, StrIndex, Substr

from core.clinic_hours import TOKYO
from core.locale import sentence
from desk.environment import SettingsError
from desk.seals.fields import SealedTextField
from desk.seals.keys import SEALED, Keyring, SealError, key_of
from desk.seals.models import UsedKey
from desk.seals.ring import keyring

#: Rows that are sealed in one transaction.
BATCH = 500
#: Stands for values that are not sealed.
PLAIN = ""


@dataclass(frozen=True)
class Column:
    """Where sealed values stand."""

    model: type[models.Model]
    field: SealedTextField

    def __str__(self) -> str:
        return f"{self.model._meta.db_table}.{self.field.name}"

    def stored(self) -> QuerySet[models.Model]:
        """The rows with a value, as it is stored in ``raw``."""
        rows = self.model._base_manager.annotate(raw=Cast(self.field.name, TextField()))
        return rows.exclude(raw="").order_by("pk")

    def used(self) -> Counter[str]:
        """How many values each key has sealed, by its name; ``PLAIN`` for what is not sealed."""
        sealed = self.stored().filter(raw__startswith=SEALED)
        name = Substr("raw", len(SEALED) + 1)
        head = Substr("raw", 1, StrIndex(name, Value(".")) + len(SEALED))
        counts = sealed.annotate(head=head).order_by().values("head").annotate(count=Count("pk"))
        found = Counter({key_of(one["head"]): one["count"] for one in counts})
        found[PLAIN] += self.stored().count() - found.total()
        return +found

    def sealed_by(self, name: str) -> int:
        """How many values a key has sealed.

        Args:
            name: the key's.
        """
        return self.stored().filter(raw__startswith=f"{SEALED}{name}.").count()


@dataclass
class Batch:
    """What came of some rows.

    Attributes:
        last: primary key of the last one; None when there was none.
        done: how many were sealed anew.
        refused: how many could not be opened; they stay as they are.
    """

    last: object = None
    done: int = 0
    refused: int = 0


def columns(of: Iterable[type[models.Model]] | None = None) -> list[Column]:
    """All columns whose values are sealed.

    Args:
        of: the models; all of the desk when None.
    """
    return [
        Column(model, field)
        for model in (apps.get_models() if of is None else of)
        for field in model._meta.get_fields()
        if isinstance(field, SealedTextField)
    ]


def seal_some(column: Column, ring: Keyring, after: object = None, most: int = BATCH) -> Batch:
    """Seals rows by the first key that another key has sealed, or none, in one transaction.

    Rows that somebody else is changing are left out (PostgreSQL); nobody waits longer than for the batch.

    Args:
        column: which.
        ring: the keys.
        after: primary key behind which they stand; None for the first.
        most: how many.
    """
    field, batch = column.field, Batch()
    quoted, pk = connection.ops.quote_name, column.model._meta.pk
    assert field.column and pk.column
    statement = (
        f"UPDATE {quoted(column.model._meta.db_table)} SET {quoted(field.column)} = %s"
        f" WHERE {quoted(pk.column)} = %s"
    )
    rows = column.stored().exclude(raw__startswith=ring.prefix)
    if after is not None:
        rows = rows.filter(pk__gt=after)
    rows = rows.select_for_update(skip_locked=True, of=("self",)).only(field.name, *field.bound_to)
    changed = []
    with transaction.atomic():
        for row in rows[:most]:
            batch.last = row.pk
            try:
                value = _anew(field, row)
            except SealError:
                batch.refused += 1
            else:
                changed.append([value, pk.get_db_prep_value(row.pk, connection)])
        if changed:
            with connection.cursor() as cursor:
                cursor.executemany(statement, changed)
    batch.done = len(changed)
    return batch


def _anew(field: SealedTextField, row: models.Model) -> str:
    """A row's value, sealed by the first key.

    Raises:
        SealError: it cannot be opened.
    """
    stored = row.__dict__[field.attname]
    value = field.opened(stored, row) if key_of(stored.raw) else field.read(stored.raw)
    return field.sealed(value, row).raw


def seal_all(column: Column, ring: Keyring, most: int = BATCH) -> Iterator[Batch]:
    """Seals a column's rows, batch by batch, from the first to the last.

    Args:
        column: which.
        ring: the keys.
        most: rows of a batch.
    """
    last: object = None
    while (batch := seal_some(column, ring, last, most)).last is not None:
        last = batch.last
        yield batch


def used_keys() -> Counter[str]:
    """How many values each key has sealed, in all tables; ``PLAIN`` for what is not sealed."""
    return sum((column.used() for column in columns()), Counter[str]())


def missing_keys(ring: Keyring) -> list[str]:
    """Names of keys that this database's values need, and that are not in ``DESK_KEYS``, or are others there.

    The key that seals here from now on is noted.

    Args:
        ring: the keys.
    """
    known = dict(UsedKey.objects.values_list("name", "check_value"))
    checks = {key.name: key.derived("check").hex() for key in ring.keys}
    if ring.first not in known:
        now = dt.datetime.now(TOKYO)
        UsedKey.objects.get_or_create(
            name=ring.first, defaults={"check_value": checks[ring.first], "begun_at": now}
        )
    return sorted(name for name, check in known.items() if checks.get(name) != check)


def check_keys() -> None:
    """Sees that ``DESK_KEYS`` opens what stands in the database; keys that nothing needs any more are
    forgotten. Without a database there is nothing to see yet; ``/readyz`` goes on looking.

    Raises:
        SettingsError: a key is missing, or is another one.
    """
    ring = keyring()
    try:
        missing = missing_keys(ring)
        needed = {name: sum(c.sealed_by(name) for c in columns()) for name in missing}
        given = {key.name for key in ring.keys}
        UsedKey.objects.filter(name__in=[n for n in missing if not needed[n]]).delete()
    except Error:
        return
    faults = [
        sentence(
            "seals.other_key" if name in given else "seals.still_needed", name=name, count=count
        )
        for name, count in needed.items()
        if count
    ]
    if faults:
        raise SettingsError("\n".join(faults))
