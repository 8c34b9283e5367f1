"""Asks the running bot one question and prints its text and its custom item (``make ask``)."""

from __future__ import annotations

import argparse
import json
import sys
import uuid

from core.conversation_screens import ConversationScreens
from core.faults import DataError
from core.locale import sentence
from tools.client import BotClient, BotUnavailableError
from tools.front import Front
from tools.places import Ports, data_folder


def main() -> int:
    """One question, one reply."""
    parser = argparse.ArgumentParser(prog="make ask Q=…", description=__doc__)
    parser.add_argument("question", nargs="*", help="the patient's question")
    question = " ".join(parser.parse_args().question).strip()
    if not question:
        print(sentence("tools.no_question"), file=sys.stderr)
        return 2
    try:
        client = BotClient(Ports.from_environment().rasa_url)
        front = Front(client, ConversationScreens.load(data_folder()))
        reply = front.ask(uuid.uuid4().hex, question)
    except (BotUnavailableError, DataError) as error:
        print(error, file=sys.stderr)
        return 1
    print("\n\n".join(reply.texts))
    for title, _ in reply.buttons:
        print(f"  [{title}]")
    print(json.dumps(reply.custom, ensure_ascii=False, indent=2))
    return 0


if __name__ == "__main__":
    sys.exit(main())
