"""Shows what the red-flag screen sees in a message, without any server (``make screen``)."""

from __future__ import annotations

import argparse
import datetime as dt
import sys
from pathlib import Path

from core.clinic_hours import TOKYO
from core.faults import DataError
from core.first_response import FirstResponses
from core.judge import Screening, State
from core.locale import sentence
from core.triage_source import triage_of


def main() -> int:
    """One message, or several of one conversation, each with its level and what was found."""
    parser = argparse.ArgumentParser(prog="make screen Q=…", description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("data"), help="data folder")
    parser.add_argument(
        "messages", nargs="*", help="messages of one conversation; without any, lines of the input"
    )
    arguments = parser.parse_args()
    try:
        triage = triage_of(arguments.data).current
        responses = FirstResponses.load(arguments.data)
    except DataError as error:
        print(error, file=sys.stderr)
        return 1
    messages = [m for m in arguments.messages if m.strip()] or map(str.rstrip, sys.stdin)
    state = State()
    for message in messages:
        screening = triage.screen(message, state)
        response = responses.respond(screening, state, triage, dt.datetime.now(TOKYO))
        _show(message, screening)
        print("\n".join(response.texts) if response else sentence("tools.screen_calm"), end="\n\n")
        state = screening.state
    return 0


def _show(message: str, screening: Screening) -> None:
    print(f"> {message}")
    print(
        sentence("tools.screen_level", level=screening.level, rule=screening.rule_id or "—"),
    )
    if screening.heard is not None:
        part = message[screening.heard.start : screening.heard.end]
        print(sentence("tools.screen_heard", level=screening.heard.level, text=part))
    for mention in screening.mentions:
        mark = "*" if mention in screening.words else " "
        print(f"  {mark} {mention.finding}: 「{mention.text}」 {mention.standing.value}")
    for lowered in screening.lowered:
        why = "、".join(f"「{m.text}」 {m.standing.value}" for m in lowered.because)
        print(
            sentence("tools.screen_lowered", rule=lowered.rule_id, level=lowered.level, because=why)
        )


if __name__ == "__main__":
    sys.exit(main())
