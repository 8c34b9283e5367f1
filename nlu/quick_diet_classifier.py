"""Rasa's ``DIETClassifier``, which takes a fifth of the time to load."""

from __future__ import annotations

from typing import Any

from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.nlu.classifiers.diet_classifier import DIET, DIETClassifier
from rasa.utils.tensorflow.constants import LEARNING_RATE, RUN_EAGERLY
from rasa.utils.tensorflow.data_generator import RasaBatchDataGenerator
from rasa.utils.tensorflow.model_data import RasaModelData
from tensorflow.keras.optimizers import Adam


class QuickDIET(DIET):
    """The network, which takes its shape step by step when it is loaded.

    Rasa trains an empty network on one example, so that it takes its shape, and then reads the weights
    (``RasaModel.load``, Rasa 3.6.21). For that one step it writes a whole training graph, most of the
    time that a Rasa server takes to load a model. Without a graph the step ends in the same network.
    """

    @classmethod
    def load(
        cls,
        model_file_name: str,
        model_data_example: RasaModelData,
        predict_data_example: RasaModelData | None = None,
        finetune_mode: bool = False,
        *args: Any,
        **kwargs: Any,
    ) -> QuickDIET:
        """The network of a file, ready to answer; arguments are those of ``RasaModel.load``.

        Args:
            model_file_name: the weights.
            model_data_example: one example, to know the shape by.
            predict_data_example: one message, for which the graph that answers is made.
            finetune_mode: whether it is trained on: then with a graph, as Rasa does.
            *args: what the network is made of.
            **kwargs: the same, by name.
        """
        model: QuickDIET
        if finetune_mode:
            model = super().load(
                model_file_name, model_data_example, predict_data_example, finetune_mode,
                *args, **kwargs,
            )  # fmt: skip
            return model
        config = kwargs["config"]
        model = cls(*args, **kwargs)
        model.compile(optimizer=Adam(config[LEARNING_RATE]), run_eagerly=True)
        model.fit(RasaBatchDataGenerator(model_data_example, batch_size=1), verbose=False)
        model.load_weights(model_file_name)
        model.run_eagerly = config[RUN_EAGERLY]
        if predict_data_example:
            model.run_inference(predict_data_example)
        return model


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.INTENT_CLASSIFIER, is_trainable=True)
class QuickDIETClassifier(DIETClassifier):
    """``DIETClassifier`` on ``QuickDIET``; everything else is Rasa's, its options included."""

    @staticmethod
    def model_class() -> type[DIET]:
        """The network."""
        return QuickDIET
