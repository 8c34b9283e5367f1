"""Talks with the running bot in the terminal (``make chat``)."""

from __future__ import annotations

import argparse
import sys
import uuid
from collections.abc import Callable
from typing import Protocol

from prompt_toolkit import PromptSession

from core.conversation_screens import ConversationScreens
from core.faults import DataError
from core.locale import sentence
from tools.client import BotClient, BotUnavailableError, Reply
from tools.front import Front
from tools.places import Ports, data_folder


class Asked(Protocol):
    """Whoever answers a message: the bot, or the screen and the bot."""

    def ask(self, sender: str, message: str) -> Reply:
        """The reply to one message of a conversation."""


def main() -> int:
    """A conversation until the end of input."""
    argparse.ArgumentParser(prog="make chat", description=__doc__).parse_args()
    client = BotClient(Ports.from_environment().rasa_url)
    if not client.is_ready():
        print(sentence("tools.no_bot", url=Ports.from_environment().rasa_url), file=sys.stderr)
        return 1
    try:
        front = Front(client, ConversationScreens.load(data_folder()))
    except DataError as error:
        print(error, file=sys.stderr)
        return 1
    return converse(front, _reader())


def converse(client: Asked, read: Callable[[], str | None]) -> int:
    """Reads lines and prints replies until ``read`` returns None.

    Args:
        client: who answers.
        read: the patient's next line, or None at the end.

    Returns:
        The exit code.
    """
    sender = uuid.uuid4().hex
    buttons: tuple[tuple[str, str], ...] = ()
    print(sentence("tools.chat_title"))
    print(sentence("tools.chat_help"))
    while (line := read()) is not None:
        line = line.strip()
        if line == sentence("tools.chat_quit"):
            break
        if not line:
            continue
        if line.isdecimal() and 0 < int(line) <= len(buttons):
            line = buttons[int(line) - 1][1]
        try:
            reply = client.ask(sender, line)
        except BotUnavailableError as error:
            print(error, file=sys.stderr)
            return 1
        buttons = reply.buttons
        _show(reply)
    print(sentence("tools.chat_bye"))
    return 0


def _show(reply: Reply) -> None:
    for text in reply.texts:
        print(sentence("tools.chat_bot", text=text.replace("\n", "\n        ")))
    for number, (title, _) in enumerate(reply.buttons, start=1):
        print(sentence("tools.chat_button", number=number, title=title))


def _reader() -> Callable[[], str | None]:
    session: PromptSession[str] | None = PromptSession() if sys.stdin.isatty() else None

    def read() -> str | None:
        prompt = sentence("tools.chat_prompt")
        try:
            return session.prompt(prompt) if session else input(prompt)
        except (EOFError, KeyboardInterrupt):
            return None

    return read


if __name__ == "__main__":
    sys.exit(main())
