"""The classifier that loads quickly is the one that Rasa would have loaded."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rasa.engine.graph import ExecutionContext, GraphSchema
from rasa.engine.storage.local_model_storage import LocalModelStorage
from rasa.nlu.classifiers.diet_classifier import DIET, DIETClassifier

from nlu.quick_diet_classifier import QuickDIET, QuickDIETClassifier
from tools.places import MODEL

pytestmark = pytest.mark.slow


class AsRasaLoadsIt(QuickDIETClassifier):
    """The same files, with Rasa's own network."""

    @staticmethod
    def model_class() -> type[DIET]:
        return DIET


AsRasaLoadsIt.__name__ = QuickDIETClassifier.__name__  # files are named after the class


def loaded(kind: type[DIETClassifier], folder: Path) -> Any:
    folder.mkdir()
    storage, metadata = LocalModelStorage.from_model_archive(folder, MODEL)
    (node,) = (n for n in metadata.predict_schema.nodes.values() if n.uses is QuickDIETClassifier)
    config = {**kind.get_default_config(), **node.config}
    assert node.resource is not None
    return kind.load(config, storage, node.resource, ExecutionContext(GraphSchema({}), "one"))


def test_its_network_is_the_same(tmp_path: Path) -> None:
    as_rasa, quick = (
        loaded(kind, tmp_path / kind.__module__) for kind in (AsRasaLoadsIt, QuickDIETClassifier)
    )
    assert type(as_rasa.model) is DIET and type(quick.model) is QuickDIET
    assert len(quick.model.variables) > 20
    for theirs, ours in zip(as_rasa.model.variables, quick.model.variables):
        assert theirs.name == ours.name
        np.testing.assert_array_equal(theirs.numpy(), ours.numpy())


def test_it_answers_by_a_graph(tmp_path: Path) -> None:
    """Without one each message would take many times as long."""
    assert loaded(QuickDIETClassifier, tmp_path / "model").model._tf_predict_step is not None
