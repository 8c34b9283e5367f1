"""What each featurizer earns and costs: the linear classifier without it, on the calibration set."""

from __future__ import annotations

import argparse
import sys
import time
from typing import Any

from rasa.nlu.classifiers.diet_classifier import DIETClassifier
from rasa.shared.nlu.constants import INTENT, TEXT
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from benchmarks.model import Model
from benchmarks.sets import CALIBRATION, Labelled, read_set, training_examples
from nlu.linear_topic_classifier import LinearTopicClassifier
from tools.places import MODEL

_FEATURIZERS = ("terms", "words", "characters", "reading", "meaning")


def main() -> int:
    """Prints one row a featurizer."""
    argparse.ArgumentParser(prog="make ablation", description=__doc__).parse_args()
    model = Model(MODEL)
    train_set, train_ms = _featurized(model, training_examples())
    test_set, _ = _featurized(model, read_set(CALIBRATION))
    print("| features | accuracy on the calibration set | ms a message |")
    print("|---|---|---|")
    print(f"| all | {_accuracy(train_set, test_set, None):.3f} | {sum(train_ms.values()):.1f} |")
    for name in _FEATURIZERS:
        accuracy = _accuracy(train_set, test_set, name)
        print(f"| without {name} | {accuracy:.3f} | −{train_ms[name]:.1f} |")
    return 0


def _featurized(model: Model, examples: list[Labelled]) -> tuple[list[Message], dict[str, float]]:
    """Messages with their features, and the milliseconds a message of each featurizer."""
    messages = [Message({TEXT: e.text, INTENT: e.topic}) for e in examples]
    spent: dict[str, float] = dict.fromkeys(_FEATURIZERS, 0.0)
    for component in model.components():
        if isinstance(component, LinearTopicClassifier):
            break
        if not hasattr(component, "process") or isinstance(component, DIETClassifier):
            continue
        name = getattr(component, "_identifier", "")
        start = time.perf_counter()
        for i, message in enumerate(messages):
            messages[i] = component.process([message])[0]
        if name in spent:
            spent[name] += (time.perf_counter() - start) * 1000 / len(messages)
    return messages, spent


class _InMemory(LinearTopicClassifier):
    """The classifier without Rasa's storage."""

    def __init__(self, config: dict[str, Any]) -> None:
        super().__init__(config, None, None)


def _accuracy(train_set: list[Message], test_set: list[Message], without: str | None) -> float:
    config = {**LinearTopicClassifier.get_default_config(), "diet_share": 0.0}
    classifier = _InMemory(config)
    classifier.fit(TrainingData([_without(m, without) for m in train_set]))
    right = 0
    for message in test_set:
        bare = _without(message, without)
        classifier.process([bare])
        right += bare.get(INTENT)["name"] == message.get(INTENT)
    return right / len(test_set)


def _without(message: Message, featurizer: str | None) -> Message:
    features = [f for f in message.features if f.origin != featurizer]
    return Message({TEXT: message.get(TEXT), INTENT: message.get(INTENT)}, features=features)


if __name__ == "__main__":
    sys.exit(main())
