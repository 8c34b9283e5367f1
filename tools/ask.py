"""Asks the running desk one question and prints its text and its custom item (``make ask``)."""

from __future__ import annotations

import argparse
import json
import sys
import uuid

from core.faults import DataError
from core.locale import sentence
from tools.desk import api_token
from tools.desk_client import DeskClient, DeskError, DeskUnavailableError, Transcript
from tools.front import first_response
from tools.places import PortError, Ports


def main() -> int:
    """One question, one answer."""
    parser = argparse.ArgumentParser(prog="make ask Q=…", description=__doc__)
    parser.add_argument("question", nargs="*", help="the patient's question")
    question = " ".join(parser.parse_args().question).strip()
    if not question:
        print(sentence("tools.no_question"), file=sys.stderr)
        return 2
    try:
        client = DeskClient(Ports.from_environment().desk_url, api_token())
        _print(_asked(client, question))
    except (DeskError, DataError, PortError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def _asked(client: DeskClient, question: str) -> Transcript:
    """The transcript of a conversation of this one question."""
    name = f"terminal-{uuid.uuid4().hex}"
    try:
        client.send(name, name, question)
        return client.answered(name)
    except DeskUnavailableError:
        for text in first_response([question]):
            print(text, end="\n\n")
        print(sentence("tools.not_stored"), file=sys.stderr)
        raise


def _print(transcript: Transcript) -> None:
    asked, *said = transcript.entries
    print("\n\n".join(entry.text for entry in said))
    for entry in said:
        for title, _ in entry.buttons:
            print(f"  [{title}]")
    print(json.dumps(asked.turn, ensure_ascii=False, indent=2))


if __name__ == "__main__":
    sys.exit(main())
