"""Talks in the terminal through the running desk, as a patient does (``make chat``)."""

from __future__ import annotations

import argparse
import contextlib
import signal
import sys
import threading
import time
import uuid
from collections.abc import Iterable, Iterator

from prompt_toolkit import PromptSession
from prompt_toolkit.patch_stdout import patch_stdout

from core.faults import DataError
from core.locale import sentence
from tools.desk import api_token
from tools.desk_client import (
    DeskClient,
    DeskError,
    DeskUnavailableError,
    Entry,
    MessageRefusedError,
)
from tools.front import first_response
from tools.places import PortError, Ports

#: How long a message is sent again to a desk that cannot be reached; it may be starting anew.
PATIENCE_SECONDS = 20.0
_RETRY_SECONDS = 0.5
#: Seconds between two looks for something new: while an answer is due, and otherwise.
_LOOK_SECONDS = (0.1, 0.7)


def main() -> int:
    """A conversation until the end of input."""
    argparse.ArgumentParser(prog="make chat", description=__doc__).parse_args()
    try:
        client = DeskClient(Ports.from_environment().desk_url, api_token())
        return converse(client, typed_lines())
    except PortError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 128 + signal.SIGINT


def converse(client: DeskClient, lines: Iterable[str], patience: float = PATIENCE_SECONDS) -> int:
    """Sends lines and prints what comes back, from the bot and from people.

    In a terminal this goes on while the patient types; elsewhere each line waits for its answer.

    Args:
        client: the desk.
        lines: what the patient types.
        patience: seconds for which a message is sent again to a desk that cannot be reached.

    Returns:
        The exit code.
    """
    talk = _Talk(client, patience)
    live = sys.stdin.isatty()
    try:
        talk.look()
        print(sentence("tools.chat_title"))
        print(sentence("tools.chat_help"), flush=True)
        with talk.shown_as_it_comes() if live else contextlib.nullcontext():
            for line in lines:
                text = line.strip()
                if text == sentence("tools.chat_quit"):
                    break
                if text and not live:
                    print(sentence("tools.chat_prompt") + text)
                if text and talk.say(text) and not live:
                    talk.hear_out()
    except (DeskError, DataError) as error:
        print(error, file=sys.stderr)
        return 1
    print(sentence("tools.chat_bye"))
    return 0


class _Talk:
    """One conversation: what was typed, and how much of the transcript has been shown."""

    def __init__(self, client: DeskClient, patience: float) -> None:
        self._client, self._patience = client, patience
        self._name = f"terminal-{uuid.uuid4().hex}"
        self._typed: list[str] = []
        self._shown = 0
        self._buttons: tuple[tuple[str, str], ...] = ()
        self._something_due = threading.Event()
        self._ended = threading.Event()

    def say(self, text: str) -> bool:
        """Sends a line, or the button that it numbers; returns whether the desk took it.

        Raises:
            DeskError: the desk cannot be reached, or takes nothing.
        """
        if text.isdecimal() and 0 < int(text) <= len(self._buttons):
            text = self._buttons[int(text) - 1][1]
        self._typed.append(text)
        event_id, started = uuid.uuid4().hex, time.monotonic()
        tries = 0
        while True:
            try:
                self._client.send(self._name, event_id, text)
                break
            except MessageRefusedError as error:
                print(error, flush=True)
                return False
            except DeskUnavailableError:
                tries += 1
                if tries == 1:
                    self._without_desk()
                if time.monotonic() - started > self._patience:
                    print(sentence("tools.not_stored"), flush=True)
                    raise
                time.sleep(_RETRY_SECONDS)
        if tries:
            print(sentence("tools.connected_again"), flush=True)
        self._something_due.set()
        return True

    def look(self) -> bool:
        """Shows what is new; returns whether an answer is due.

        Raises:
            DeskError: the desk does not say.
        """
        transcript = self._client.transcript(self._name, self._shown)
        for entry in transcript.entries:
            self._shown = entry.place
            if entry.author != "patient":
                self._show(entry)
        return transcript.waiting

    def hear_out(self) -> None:
        """Shows everything up to the answer of the last line.

        Raises:
            DeskError: there is none.
        """
        self._client.answered(self._name, self._shown)
        self.look()

    @contextlib.contextmanager
    def shown_as_it_comes(self) -> Iterator[None]:
        """Shows what is new, above the line that is being typed, while the block runs."""
        looking = threading.Thread(target=self._keep_looking, daemon=True)
        with patch_stdout():
            looking.start()
            try:
                yield
            finally:
                self._ended.set()
                self._something_due.set()
                looking.join()

    def _keep_looking(self) -> None:
        soon, later = _LOOK_SECONDS
        self._something_due.wait()  # a conversation begins with its first message
        while not self._ended.is_set():
            try:
                waiting = self.look()
            except DeskError:
                waiting = False  # whoever types is told
            if waiting:
                time.sleep(soon)
            else:
                self._something_due.clear()
                self._something_due.wait(later)

    def _without_desk(self) -> None:
        for text in first_response(self._typed):
            self._print("desk", text)
        print(sentence("tools.cut_off"), flush=True)

    def _show(self, entry: Entry) -> None:
        self._print(entry.author, entry.text)
        self._buttons = entry.buttons
        for number, (title, _) in enumerate(entry.buttons, start=1):
            print(sentence("tools.chat_button", number=number, title=title))
        sys.stdout.flush()

    def _print(self, author: str, text: str) -> None:
        who = sentence(f"tools.chat_{author}")
        print(sentence("tools.chat_said", author=who, text=text.replace("\n", "\n    ")))


def typed_lines() -> Iterator[str]:
    """What the patient types, until the end of input."""
    if not sys.stdin.isatty():
        yield from sys.stdin
        return
    session: PromptSession[str] = PromptSession(sentence("tools.chat_prompt"))
    with contextlib.suppress(EOFError, KeyboardInterrupt):
        while True:
            yield session.prompt()


if __name__ == "__main__":
    sys.exit(main())
