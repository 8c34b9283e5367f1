"""A Rasa that reads a few words of the small drug's patients, for pages that ask what the bot would say."""

from __future__ import annotations

from typing import Any

from tests.desk.fakes import FakeRasa

#: Words, the topic they make a message, and their term with its kind.
WORDS = {
    "ノンアル": ("alcohol", "nonalcohol", "food"),
    "お酒": ("alcohol", "topic_alcohol", "topic"),
    "眠く": ("side_effects", "drowsiness", "symptom"),
    "飲み忘れ": ("missed_dose", "topic_missed_dose", "topic"),
    "妊娠": ("pregnancy", "topic_pregnancy", "topic"),
}
THANKS = "ありがとう"


def parse_of(text: str) -> dict[str, Any]:
    """What Rasa's NLU would find in a text."""
    intent, entities = ("thanks" if THANKS in text else "nlu_fallback"), []
    for word, (topic, term, kind) in WORDS.items():
        if word in text:
            start = text.index(word)
            entities = [
                {"value": term, "entity": kind, "role": topic, "start": start,
                 "end": start + len(word)}
            ]  # fmt: skip
            intent = topic
            break
    ranking = [{"name": intent, "confidence": 0.9}, {"name": "out_of_scope", "confidence": 0.05}]
    whole = {"text": text, "start": 0, "intent": ranking[0], "intent_ranking": ranking,
             "entities": entities}  # fmt: skip
    return {**whole, "questions": [whole]}


class ReadingRasa(FakeRasa):
    """Answers messages as ``FakeRasa`` does, and reads texts without a conversation."""

    def _parse(self, text: str) -> dict[str, Any]:
        return parse_of(text)
