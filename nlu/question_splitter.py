"""Rasa component: a message with several questions becomes several messages for the pipeline."""

from __future__ import annotations

import re
from typing import Any

from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.shared.nlu.constants import TEXT
from rasa.shared.nlu.training_data.message import Message

#: Key of a clause's place in the whole message; QuestionJoiner reads it.
CLAUSE_START = "clause_start"

# A full stop between digits is a decimal point.
_SENTENCE = re.compile(r"(?:[^。．.！!？?\n]|(?<=\d)[.．](?=\d))+[。．.！!？?\n]*")
# A further question inside a sentence: 〜か、あと… / 〜ですか それと…
_AND_ALSO = re.compile(
    r"(?<=[かね、,\s　])"
    r"(?=(?:あと|それと|それから|ついでに|もう一つ|もうひとつ|また)[は、,\s　ぁ-んァ-ヶ一-龠])"
)
_LETTER = re.compile(r"[^\W_]")


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.INTENT_CLASSIFIER, is_trainable=False)
class QuestionSplitter(GraphComponent):
    """Puts a message's clauses behind it in the list that Rasa's graph hands from node to node.

    So every later component treats a clause exactly as it treats a message; ``QuestionJoiner``
    takes the clauses out again. Rasa reads only the first message of the list. One-clause messages
    pass unchanged and cost nothing.
    """

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        """The component's options."""
        return {
            # Most clauses that are looked at one by one, the last ones of a long story: there
            # the questions are.
            "max_clauses": 6,
            # Shortest clause worth a look, in letters.
            "min_letters": 3,
        }

    @classmethod
    def create(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> QuestionSplitter:
        """A splitter with these options."""
        return cls(config)

    def __init__(self, config: dict[str, Any]) -> None:
        self._max_clauses: int = config["max_clauses"]
        self._min_letters: int = config["min_letters"]

    def process(self, messages: list[Message]) -> list[Message]:
        """The messages, each followed by its clauses if it has more than one."""
        result: list[Message] = []
        for message in messages:
            result.append(message)
            clauses = [
                (start, text)
                for start, text in split_clauses(message.get(TEXT) or "")
                if len(_LETTER.findall(text)) >= self._min_letters
            ]
            if len(clauses) > 1:
                result.extend(
                    Message({TEXT: text, CLAUSE_START: start})
                    for start, text in clauses[-self._max_clauses :]
                )
        return result


def split_clauses(text: str) -> list[tuple[int, str]]:
    """Sentences of a text, and the parts of a sentence that ask one thing more.

    Returns:
        Pairs of offset and text, in order, without surrounding white space.
    """
    clauses: list[tuple[int, str]] = []
    for sentence in _SENTENCE.finditer(text):
        at = sentence.start()
        for part in _AND_ALSO.split(sentence.group()):
            stripped = part.strip()
            if stripped:
                clauses.append((at + part.index(stripped), stripped))
            at += len(part)
    return clauses
