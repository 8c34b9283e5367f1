"""The bench says what the bot says: every test conversation by REST and on the bench, turn by turn."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterator

import pytest

from core.clinic_hours import TOKYO
from core.knowledge import Files
from core.knowledge_source import load_table
from core.terms import load_terms
from core.triage_source import triage_of
from desk.rehearsals.bench import Bench
from desk.rehearsals.parser import Parser
from desk.rehearsals.script import pressed
from tests.bot.test_conversations import conversations
from tools.client import BotClient
from tools.places import ROOT

pytestmark = pytest.mark.slow

DATA = ROOT / "data"


@pytest.fixture(scope="module")
def bench(bot: BotClient) -> Iterator[Bench]:
    now = dt.datetime.now(TOKYO)
    subjects = [term.term_id for term in load_terms(DATA / "lexicon" / "terms.csv")]
    table = load_table(Files.read(DATA / "knowledge"), subjects, now.date())
    with Parser(bot.url, 10) as parser:
        yield Bench(table, parser.parse, triage_of(DATA), now, require_approval=False)


ODD = {
    "odd texts": ["", " / ", "/restart", "頭痛" * 1500, "唇が乾く\x07けど、お酒は?"],
    "behind an emergency": ["息ができない、唇も腫れてきた", "😭", "x" * 3000, "やっぱり大丈夫です"],
}
WORDS = [
    pytest.param([step.patient for step in entry.values[0].steps], id=entry.id)
    for entry in conversations()
] + [pytest.param(words, id=name) for name, words in ODD.items()]


@pytest.mark.parametrize("words", WORDS)
def test_bench_says_what_the_bot_says(words: list[str], bot: BotClient, bench: Bench) -> None:
    sender, talk = uuid.uuid4().hex, bench.talk()
    buttons: tuple[tuple[str, str], ...] = ()
    for text in words:
        message = pressed(text, buttons)
        assert message is not None
        reply, said = bot.ask(sender, message), talk.say(message)
        buttons = reply.buttons
        assert (said.texts, said.buttons, said.custom) == (reply.texts, buttons, reply.custom), text
