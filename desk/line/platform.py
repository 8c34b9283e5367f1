"""The LINE platform, as the desk calls it: line-bot-sdk's asynchronous client, on a loop of its own."""

from __future__ import annotations

import asyncio
import functools
import json
import logging
import threading
import time
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from aiohttp import ClientError
from django.conf import settings
from linebot.v3.messaging import (
    ApiException,
    AsyncApiClient,
    AsyncMessagingApi,
    Configuration,
    Message,
    PushMessageRequest,
    QuotaType,
    ReplyMessageRequest,
    ShowLoadingAnimationRequest,
)
from linebot.v3.oauth import AsyncApiClient as OauthClient
from linebot.v3.oauth import AsyncChannelAccessToken
from linebot.v3.oauth import Configuration as OauthConfiguration

from desk.conversations.rasa import RasaError
from desk.doorway import doorway
from desk.environment import LineAccount
from desk.seals.keys import SealError

logger = logging.getLogger(__name__)

#: Seconds that a call may take.
CALL_SECONDS = 10.0
#: Seconds for which the loading indicator is shown at most: as long as Rasa may take.
LOADING_SECONDS = 10
#: Seconds before its end at which a stateless token is made anew.
_MARGIN = 60
_UNAUTHORIZED = 401


class PlatformError(Exception):
    """A call that did not succeed.

    Args:
        status: of the answer; 0 for none.
        detail: what the platform says, "" for no answer; never a patient's text.
    """

    def __init__(self, status: int, detail: str) -> None:
        self.status, self.detail = status, detail
        super().__init__(f"{status} {detail}".strip())


class Platform:
    """The platform for one account; safe between threads.

    Args:
        account: the account.
    """

    def __init__(self, account: LineAccount) -> None:
        self._account = account
        self._loop = asyncio.new_event_loop()
        self._api: AsyncMessagingApi | None = None
        self._ends = 0.0
        threading.Thread(target=self._loop.run_forever, name="line-api", daemon=True).start()

    def reply(self, token: str, messages: Sequence[Message]) -> None:
        """Answers an event.

        Args:
            token: its reply token.
            messages: one to five.

        Raises:
            PlatformError: it is not sent, or nobody knows whether.
        """
        request = ReplyMessageRequest(reply_token=token, messages=list(messages))
        self._call(lambda api: api.reply_message(request, _request_timeout=CALL_SECONDS))

    def push(self, user: str, messages: Sequence[Message], key: str) -> None:
        """Sends without being asked; once for each key.

        Args:
            user: the patient's LINE id.
            messages: one to five.
            key: a UUID.

        Raises:
            PlatformError: it is not sent, or nobody knows whether.
        """
        request = PushMessageRequest(to=user, messages=list(messages))
        self._call(
            lambda api: api.push_message(
                request, x_line_retry_key=key, _request_timeout=CALL_SECONDS
            )
        )

    def show_loading(self, user: str) -> None:
        """Shows a patient that something will come.

        Raises:
            PlatformError: it is not shown.
        """
        request = ShowLoadingAnimationRequest(chat_id=user, loading_seconds=LOADING_SECONDS)
        self._call(lambda api: api.show_loading_animation(request, _request_timeout=CALL_SECONDS))

    def leave(self, kind: str, name: str) -> None:
        """Leaves a group or a room.

        Args:
            kind: ``group`` or ``room``.
            name: its id.

        Raises:
            PlatformError: it stays.
        """
        if kind == "group":
            self._call(lambda api: api.leave_group(name, _request_timeout=CALL_SECONDS))
        else:
            self._call(lambda api: api.leave_room(name, _request_timeout=CALL_SECONDS))

    def token(self) -> str:
        """A channel access token that is good for now.

        Raises:
            PlatformError: none can be had.
        """

        async def ask(api: AsyncMessagingApi) -> str:
            return str(api.api_client.configuration.access_token)

        found: str = self._call(ask)
        return found

    def quota(self) -> tuple[int | None, int]:
        """How many messages a month may be pushed, None for any number, and how many were.

        Raises:
            PlatformError: it does not say.
        """

        async def ask(api: AsyncMessagingApi) -> tuple[int | None, int]:
            quota = await api.get_message_quota()
            used = await api.get_message_quota_consumption()
            limit = quota.value if quota.type == QuotaType.LIMITED else None
            return limit, used.total_usage

        found: tuple[int | None, int] = self._call(ask)
        return found

    def _call(self, call: Callable[[AsyncMessagingApi], Awaitable[Any]]) -> Any:
        return asyncio.run_coroutine_threadsafe(self._again(call), self._loop).result()

    async def _again(self, call: Callable[[AsyncMessagingApi], Awaitable[Any]]) -> Any:
        """A call; once more with a new token if the platform does not know ours."""
        for last in (False, True):
            try:
                return await call(await self._client())
            except ApiException as error:
                if error.status == _UNAUTHORIZED and not self._account.token and not last:
                    self._ends = 0.0
                    continue
                raise PlatformError(error.status or 0, _message(error.body)) from None
            except (ClientError, TimeoutError, OSError) as error:
                raise PlatformError(0, type(error).__name__) from None
        raise AssertionError("the last try raises or returns")

    async def _client(self) -> AsyncMessagingApi:
        if self._api is None or (not self._account.token and time.monotonic() >= self._ends):
            token = self._account.token or await self._stateless()
            configuration = Configuration(host=self._account.url, access_token=token)
            self._api = AsyncMessagingApi(AsyncApiClient(configuration))
        return self._api

    async def _stateless(self) -> str:
        """A token that need not be kept or taken back."""
        async with OauthClient(OauthConfiguration(host=self._account.url)) as client:
            made = await AsyncChannelAccessToken(client).issue_stateless_channel_token(
                grant_type="client_credentials",
                client_id=self._account.channel,
                client_secret=self._account.secrets[0],
            )
        self._ends = time.monotonic() + made.expires_in - _MARGIN
        return str(made.access_token)


def _message(body: str | None) -> str:
    """What the platform says of an error, without what it quotes."""
    try:
        return str(json.loads(body or "")["message"])[:100]
    except (ValueError, KeyError, TypeError):
        return ""


def account() -> LineAccount:
    """The clinic's account.

    Raises:
        LookupError: the desk has none.
    """
    found: LineAccount | None = settings.ENVIRONMENT.line
    if found is None:
        raise LookupError("no LINE account")
    return found


@functools.lru_cache(maxsize=1)
def platform() -> Platform:
    """That of this process.

    Raises:
        LookupError: the desk has no LINE account.
    """
    return Platform(account())


def later(call: Callable[[], object]) -> None:
    """Makes a call that nobody waits for; whether it succeeds is only logged.

    Args:
        call: of the platform, or of Rasa.
    """

    def calls() -> None:
        doorway.give_way()
        try:
            call()
        except (PlatformError, RasaError, SealError) as error:
            detail = f"{type(error).__name__} {error}".strip()
            logger.warning("what nobody waits for was not done: %s", detail)

    _extras.submit(calls)


_extras = ThreadPoolExecutor(2, thread_name_prefix="line-extras")
