"""Rasa intent classifier: a linear support vector machine with calibrated probabilities."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import joblib
import numpy as np
import scipy.sparse
from numpy.typing import NDArray
from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.nlu.classifiers.classifier import IntentClassifier
from rasa.nlu.featurizers.featurizer import Featurizer
from rasa.shared.nlu.constants import FEATURE_TYPE_SENTENCE, INTENT, TEXT
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax, softmax
from sklearn.feature_extraction.text import TfidfTransformer
from sklearn.model_selection import StratifiedKFold, cross_val_predict
from sklearn.svm import LinearSVC

#: Key of the distance between the two best scores of the machine; TopicDecision reads it.
SCORE_GAP = "score_gap"

Scores = NDArray[np.float64]


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.INTENT_CLASSIFIER, is_trainable=True)
class LinearTopicClassifier(IntentClassifier, GraphComponent):
    """One-against-rest ``LinearSVC`` over every sentence feature, mixed with DIET's ranking.

    Each featurizer's counts are weighted by tf-idf and scaled to unit length on their own, so that
    no featurizer drowns another. Scores become probabilities by a softmax whose temperature is
    fitted on cross-validated scores: on sentences that the machine had not been trained on.
    ``docs/nlu.md`` has the measurements: alone, with DIET, and against the usual classifiers.
    """

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        """The component's options."""
        return {
            # Inverse strength of regularisation of LinearSVC.
            "C": 0.5,
            # Weight of the dense sentence vector against 1.0 for each featurizer of counts.
            "dense_weight": 0.7,
            # Share of DIET's probability in the mix; 0 leaves DIET out.
            "diet_share": 0.35,
            # Folds for the temperature.
            "folds": 4,
            # How many intents the ranking lists.
            "ranking_length": 10,
            "random_seed": 42,
        }

    @classmethod
    def required_components(cls) -> list[type]:
        """There must be features."""
        return [Featurizer]

    @staticmethod
    def required_packages() -> list[str]:
        """Packages that must be installed."""
        return ["sklearn"]

    @classmethod
    def create(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> LinearTopicClassifier:
        """A classifier that has yet to be trained."""
        return cls(config, model_storage, resource)

    def __init__(
        self, config: dict[str, Any], model_storage: ModelStorage, resource: Resource
    ) -> None:
        self._config = config
        self._model_storage = model_storage
        self._resource = resource
        self._weightings: dict[str, TfidfTransformer] = {}
        self._machine: LinearSVC | None = None
        self._temperature = 1.0

    def train(self, training_data: TrainingData) -> Resource:
        """Fits the classifier and stores it."""
        self.fit(training_data)
        with self._model_storage.write_to(self._resource) as folder:
            joblib.dump(
                (self._weightings, self._machine, self._temperature), folder / "model.joblib"
            )
        return self._resource

    def fit(self, training_data: TrainingData) -> None:
        """Fits the weightings, the machine and the temperature."""
        messages = [m for m in training_data.intent_examples if m.get(TEXT)]
        labels = [m.get(INTENT) for m in messages]
        counts, _ = _groups(messages)
        self._weightings = {
            origin: TfidfTransformer(sublinear_tf=True).fit(matrix)
            for origin, matrix in counts.items()
        }
        features = self._features(messages)
        machine = LinearSVC(C=self._config["C"], random_state=self._config["random_seed"])
        rarest = min(labels.count(label) for label in set(labels))
        folds = StratifiedKFold(
            min(self._config["folds"], max(rarest, 2)),
            shuffle=True,
            random_state=self._config["random_seed"],
        )
        unseen = cross_val_predict(machine, features, labels, cv=folds, method="decision_function")
        self._machine = machine.fit(features, labels)
        if unseen.ndim == 2:
            self._temperature = _best_temperature(unseen, machine.classes_, labels)

    @classmethod
    def load(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
        **kwargs: Any,
    ) -> LinearTopicClassifier:
        """The trained classifier."""
        component = cls(config, model_storage, resource)
        with model_storage.read_from(resource) as folder:
            component._weightings, component._machine, component._temperature = joblib.load(
                folder / "model.joblib"
            )
        return component

    def process(self, messages: list[Message]) -> list[Message]:
        """Sets intent and ranking: this classifier's probabilities mixed with those set before."""
        if self._machine is None:
            return messages
        scores = self._machine.decision_function(self._features(messages))
        names = list(self._machine.classes_)
        share = self._config["diet_share"]
        for message, row in zip(messages, _two_columns(scores)):
            probabilities = softmax(row / self._temperature)
            earlier = {e["name"]: e["confidence"] for e in message.get("intent_ranking") or []}
            if earlier and share:
                other = np.array([earlier.get(name, 0.0) for name in names])
                probabilities = (1 - share) * probabilities + share * other
            order = np.argsort(-probabilities)
            ranking = [
                {"name": names[i], "confidence": float(probabilities[i])}
                for i in order[: self._config["ranking_length"]]
            ]
            message.set(INTENT, ranking[0], add_to_output=True)
            message.set("intent_ranking", ranking, add_to_output=True)
            first, second = np.sort(row)[-1:-3:-1]
            message.set(SCORE_GAP, float(first - second), add_to_output=True)
        return messages

    def _features(self, messages: Sequence[Message]) -> scipy.sparse.csr_matrix:
        counts, dense = _groups(messages)
        blocks = [
            weighting.transform(counts[origin])
            for origin, weighting in sorted(self._weightings.items())
        ]
        if dense is not None:
            blocks.append(scipy.sparse.csr_matrix(dense * self._config["dense_weight"]))
        return scipy.sparse.hstack(blocks).tocsr()


def _groups(
    messages: Sequence[Message],
) -> tuple[dict[str, scipy.sparse.csr_matrix], NDArray[np.float32] | None]:
    """Sentence features by featurizer: sparse counts (messages × features), and all the dense
    ones side by side (messages × dimensions) or None.
    """
    sparse: dict[str, list[scipy.sparse.spmatrix]] = {}
    dense: list[list[Any]] = []
    for message in messages:
        rows = []
        for feature in message.features:
            if feature.attribute != TEXT or feature.type != FEATURE_TYPE_SENTENCE:
                continue
            if feature.is_sparse():
                sparse.setdefault(str(feature.origin), []).append(feature.features)
            else:
                rows.append(feature.features)
        dense.append(rows)
    counts = {origin: scipy.sparse.vstack(rows).tocsr() for origin, rows in sparse.items()}
    if not all(dense):
        return counts, None
    return counts, np.vstack([np.hstack(rows) for rows in dense])


def _two_columns(scores: Scores) -> Scores:
    """Scores as messages × intents, also when there are but two intents."""
    return np.column_stack([-scores, scores]) if scores.ndim == 1 else scores


def _best_temperature(scores: Scores, classes: NDArray[Any], labels: list[str]) -> float:
    """The temperature that makes the right intents likeliest (Guo et al. 2017, temperature
    scaling, https://arxiv.org/abs/1706.04599).
    """
    column = {name: i for i, name in enumerate(classes)}
    right = np.array([column[label] for label in labels])
    rows = np.arange(len(labels))

    def loss(temperature: float) -> float:
        return -float(log_softmax(scores / temperature, axis=1)[rows, right].mean())

    return float(minimize_scalar(loss, bounds=(0.02, 2.0), method="bounded").x)
