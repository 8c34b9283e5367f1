"""What a conversation is made of: messages of the patient, and what was said to them.

Both carry a place in the conversation (``place``), given when they are stored: the transcript, the order
of answers and what a channel has already shown all follow from it.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Mapping
from typing import Any, ClassVar

from django.conf import settings
from django.db import connection, models
from django.db.models import Q

from core.locale import sentence
from desk.seals.fields import SealedJSONField, SealedTextField
from desk.seals.ring import index_of


class Mode(models.TextChoices):
    """Who speaks to the patient."""

    BOT = "bot", "自動応答"
    HUMAN = "human", "スタッフ対応中"
    CLOSING = "closing", "スタッフ対応の終了後"


#: A person has the conversation, or had it until just now: the bot is silent.
HELD = (Mode.HUMAN, Mode.CLOSING)


class Author(models.TextChoices):
    """Who says something to the patient."""

    BOT = "bot", "自動応答"
    STAFF = "staff", "スタッフ"
    DOCTOR = "doctor", "医師"
    DESK = "desk", "窓口"


class Kind(models.TextChoices):
    """What a patient sent; of all but a text the desk keeps only that it came."""

    TEXT = "text", "文"
    IMAGE = "image", "画像"
    VIDEO = "video", "動画"
    AUDIO = "audio", "音声"
    FILE = "file", "ファイル"
    LOCATION = "location", "位置情報"
    STICKER = "sticker", "スタンプ"
    FOLLOW = "follow", "友だち追加"
    GUIDE = "guide", "緊急時の案内"


class Delivery(models.TextChoices):
    """How far a reply has come on its way to the patient."""

    QUEUED = "queued", "送信待ち"
    HELD = "held", "次のメッセージを待って送信"
    SENT = "sent", "送信済み"
    DELIVERED = "delivered", "受信済み"
    FAILED = "failed", "再送待ち"
    UNDELIVERED = "undelivered", "未達"


#: The channels.
API, LINE, WEB = "api", "line", "web"
#: Who is a person.
PEOPLE = (Author.STAFF, Author.DOCTOR)
#: Still to be sent, for the first time or again.
TO_BE_SENT = (Delivery.QUEUED, Delivery.FAILED)
#: Seconds until the next try of a reply, by the number of tries before; after the last it is given up.
BACKOFF = (1, 2, 5, 15, 60, 300, 900, 3600)
#: How far the clocks of two machines may differ. What lies further in the future than it can was noted before
#: the clock was set back, and is not waited for.
SKEW = dt.timedelta(seconds=5)


def change(row: models.Model, condition: str = "", **values: Any) -> bool:
    """Changes a row where it is stored, in one plain statement.

    Args:
        row: which; it stays as it is.
        condition: SQL; where it does not hold, nothing is changed.
        **values: by field.

    Returns:
        Whether it was changed.
    """
    # Plain SQL, here and below: making Django's own takes several times as long as running it, on the
    # way to every answer (``make bench-desk``).
    fields: list[Any] = [row._meta.get_field(name) for name in values]
    columns = ", ".join(f"{field.column} = %s" for field in fields)
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE {row._meta.db_table} SET {columns}"
            f" WHERE id = %s{condition and f' AND {condition}'}",
            [*_adapted(type(row), values, row), row.pk],
        )
        return bool(cursor.rowcount)


def _adapted(
    model: type[models.Model], values: Mapping[str, Any], row: models.Model | Mapping[str, Any]
) -> list[Any]:
    """Values of fields as the database takes them; what is sealed is sealed for its row."""
    adapted = []
    for name, value in values.items():
        field: Any = model._meta.get_field(name)
        stored = field.sealed(value, row) if isinstance(field, SealedTextField) else value
        adapted.append(field.get_db_prep_save(stored, connection))
    return adapted


class Conversation(models.Model):
    """One patient on one channel.

    Attributes:
        sender: the name under which Rasa knows it; says nothing of the patient.
        channel, address: where it takes place; unique together.
        address_index: by what the address is found without being opened (``desk.seals.ring``).
        mode: who speaks.
        mode_since: since when.
        places: messages and replies so far.
        screen: what the red-flag screen remembers (``core.triage.State.to_json``).
    """

    sender = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    channel = models.CharField(max_length=20)
    address = SealedTextField(bound_to=("sender",))
    address_index = models.CharField(max_length=64)
    mode = models.CharField(max_length=10, choices=Mode, default=Mode.BOT)
    mode_since = models.DateTimeField()
    places = models.PositiveIntegerField(default=0)
    screen = SealedJSONField(bound_to=("sender",), default=dict)
    created_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint("channel", "address_index", name="conversation_index"),
        ]
        # Looked for every second: who has been held for too long.
        indexes: ClassVar = [models.Index(fields=["mode", "mode_since"], name="conversation_mode")]

    def __str__(self) -> str:
        return f"{self.channel} {self.sender}"

    @property
    def channel_name(self) -> str:
        """The channel in Japanese."""
        return sentence(f"channels.{self.channel}")

    @classmethod
    def locked(cls, key: int) -> Conversation:
        """A conversation as it stands, which nobody else changes until this transaction ends.

        Args:
            key: its primary key.
        """
        return cls.found(key, " FOR UPDATE" if connection.features.has_select_for_update else "")

    @classmethod
    def found(cls, key: int, clause: str = "") -> Conversation:
        """A conversation as it stands.

        Args:
            key: its primary key.
            clause: SQL behind the query.
        """
        (found,) = cls.objects.raw(
            f"SELECT * FROM {cls._meta.db_table} WHERE id = %s{clause}", [key]
        )
        return found

    @classmethod
    def at(cls, channel: str, address: str) -> Conversation | None:
        """The conversation of an address; None before anything was said.

        Args:
            channel: the channel's name.
            address: the patient's address on it.
        """
        return cls.objects.filter(channel=channel, address_index=index_of(channel, address)).first()

    @classmethod
    def begun(cls, channel: str, address: str, now: dt.datetime) -> Conversation:
        """The conversation of an address, begun if there is none, with nothing new in it.

        Args:
            channel: the channel's name.
            address: the patient's address on it.
            now: an aware time.
        """
        begun, _ = cls.objects.get_or_create(
            channel=channel, address_index=index_of(channel, address),
            defaults={"address": address, "mode_since": now, "created_at": now},
        )  # fmt: skip
        return begun

    @classmethod
    def entered(
        cls, channel: str, address: str, now: dt.datetime, sender: uuid.UUID | None = None
    ) -> Conversation:
        """The conversation of an address, begun if there is none, with a new place at its end
        (``places``) for what came in; within the transaction that stores it.

        Args:
            channel: the channel's name.
            address: the patient's address on it.
            now: an aware time.
            sender: the name of a new one; None for one that says nothing.
        """
        # One statement where Django's own would be four.
        new = {
            "sender": sender or uuid.uuid4(), "channel": channel, "address": address,
            "address_index": index_of(channel, address), "mode": Mode.BOT, "mode_since": now,
            "created_at": now, "places": 1, "screen": {},
        }  # fmt: skip
        table = cls._meta.db_table
        (found,) = cls.objects.raw(
            f"INSERT INTO {table} ({', '.join(new)}) VALUES ({', '.join(['%s'] * len(new))})"
            f" ON CONFLICT (channel, address_index) DO UPDATE SET places = {table}.places + 1"
            " RETURNING *",
            _adapted(cls, new, new),
        )
        return found

    def places_now(self, after: int) -> Q:
        """What stands behind a place now: both kinds of lines up to the same place, whatever comes while
        they are read one kind after the other.

        Args:
            after: the place.
        """
        last = Conversation.objects.values_list("places", flat=True).get(pk=self.pk)
        return Q(place__gt=after, place__lte=last)

    def next_place(self) -> int:
        """A new place at the end; within the transaction that stores what stands there."""
        table = self._meta.db_table
        with connection.cursor() as cursor:
            cursor.execute(
                f"UPDATE {table} SET places = places + 1 WHERE id = %s RETURNING places", [self.pk]
            )
            (self.places,) = cursor.fetchone()
        return self.places


class Message(models.Model):
    """What a patient wrote.

    Attributes:
        channel, event_id: the channel's name of the delivery; unique, so that one that comes twice is
            stored once.
        kind: what it is.
        text: as it came; of what is no text, what it is.
        sent_at: when the channel says it was written.
        received_at: when it was stored.
        answered_at: when its turn was committed; None while it waits.
        read_at: when the person who answers the conversation first saw it.
        turn: the ``custom`` item of its turn (design, §5); empty while it waits, and for what a person
            answers.
        mentions: words that the red-flag screen saw: finding, start, end, standing.
    """

    conversation = models.ForeignKey(Conversation, models.CASCADE, related_name="messages")
    place = models.PositiveIntegerField()
    channel = models.CharField(max_length=20)
    event_id = models.CharField(max_length=128)
    kind = models.CharField(max_length=10, choices=Kind, default=Kind.TEXT)
    text = SealedTextField(bound_to=("conversation_id", "place"), db_column="sealed_text")
    sent_at = models.DateTimeField()
    received_at = models.DateTimeField()
    answered_at = models.DateTimeField(null=True)
    read_at = models.DateTimeField(null=True)
    turn = models.JSONField(default=dict)
    mentions = SealedJSONField(bound_to=("conversation_id", "place"), default=list)

    class Meta:
        ordering: ClassVar = ["conversation", "place"]
        constraints: ClassVar = [
            models.UniqueConstraint("channel", "event_id", name="message_event"),
            models.UniqueConstraint("conversation", "place", name="message_place"),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["conversation", "place"], name="message_waiting",
                condition=Q(answered_at=None),
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.channel} {self.event_id}"

    @classmethod
    def waiting(cls, conversation: int | None = None) -> models.QuerySet[Message]:
        """The messages without an answer, of one conversation or of all."""
        messages = cls.objects.filter(answered_at=None)
        return messages if conversation is None else messages.filter(conversation=conversation)

    @classmethod
    def longest_waiting(cls, conversation: int) -> Message | None:
        """The first of a conversation's messages without an answer, with its conversation.

        Args:
            conversation: the conversation's primary key.
        """
        for message in cls.objects.raw(
            f"SELECT * FROM {cls._meta.db_table}"
            " WHERE conversation_id = %s AND answered_at IS NULL ORDER BY place LIMIT 1",
            [conversation],
        ):
            message.conversation = Conversation.found(conversation)
            return message
        return None


class Reply(models.Model):
    """Something said to the patient, and how far it has come: the outbox.

    Attributes:
        key: the same at every try, so that the channel can tell a second try from a second reply.
        answers: what it answers; None for what a person writes.
        author, text, buttons: what is said, by whom; buttons as (title, payload).
        written_by: the staff member; None for what the bot and the desk say.
        call: the call to the channel in which it was first sent, with others; a second try is the same
            call. None before the first.
        tries: how often it was sent.
        due_at: when it is sent next, while it is queued or has failed.
        detail: why the last try failed; never a patient's words.
    """

    conversation = models.ForeignKey(Conversation, models.CASCADE, related_name="replies")
    place = models.PositiveIntegerField()
    key = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    answers = models.ForeignKey(Message, models.PROTECT, null=True, related_name="replies")
    author = models.CharField(max_length=10, choices=Author)
    written_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="replies"
    )
    text = SealedTextField(bound_to=("conversation_id", "place"), db_column="sealed_text")
    buttons = models.JSONField(default=list)
    created_at = models.DateTimeField()
    delivery = models.CharField(max_length=12, choices=Delivery, default=Delivery.QUEUED)
    call = models.UUIDField(null=True)
    tries = models.PositiveSmallIntegerField(default=0)
    due_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True)
    detail = models.CharField(max_length=200, blank=True)

    class Meta:
        ordering: ClassVar = ["conversation", "place"]
        constraints: ClassVar = [
            models.UniqueConstraint("conversation", "place", name="reply_place"),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["due_at"], name="reply_due",
                condition=Q(delivery__in=list(TO_BE_SENT)),
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.key} {self.delivery}"

    @classmethod
    def to_be_sent(cls, conversation: int, most: int) -> list[Reply]:
        """What a conversation has in the outbox, in order, with what was held back before; nothing if
        that is all.

        Args:
            conversation: its primary key.
            most: how many at most.
        """
        states = (*TO_BE_SENT, Delivery.HELD)
        replies: list[Reply] = list(
            cls.objects.raw(
                f"SELECT * FROM {cls._meta.db_table} WHERE conversation_id = %s AND delivery IN"
                f" ({', '.join(['%s'] * len(states))}) ORDER BY place LIMIT {most}",
                [conversation, *states],
            )
        )
        if all(reply.delivery == Delivery.HELD for reply in replies):
            return []
        whose = Conversation.found(conversation)
        for reply in replies:
            reply.conversation = whose
        return replies

    @classmethod
    def due(cls, now: dt.datetime) -> models.QuerySet[Reply]:
        """The replies whose time has come, or lies further away than it can: the clock has been set back.

        Args:
            now: an aware time.
        """
        is_due = Q(due_at__lte=now)
        for tries, wait in enumerate((0, *BACKOFF)):
            latest = now + dt.timedelta(seconds=wait) + SKEW
            is_due |= Q(tries=tries, due_at__gt=latest)
        return cls.objects.filter(is_due, delivery__in=TO_BE_SENT)

    def is_due(self, now: dt.datetime) -> bool:
        """Whether the same holds for this one.

        Args:
            now: an aware time.
        """
        wait = (0, *BACKOFF)[min(self.tries, len(BACKOFF))]
        return not now < self.due_at <= now + dt.timedelta(seconds=wait) + SKEW

    def named_buttons(self) -> list[dict[str, str]]:
        """The buttons as channels pass them on."""
        return [{"title": title, "payload": payload} for title, payload in self.buttons]
