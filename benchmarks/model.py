"""A trained Rasa model in this process, for measurements."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nlu.linear_topic_classifier import SCORE_GAP
from nlu.topic_decision import signs

FALLBACK = "nlu_fallback"


@dataclass(frozen=True)
class Parsed:
    """What a model made of a sentence: the decision, the ranking, the signs that the first intent
    is right (``nlu.topic_decision.SIGNS``), and the seconds it took.
    """

    intent: str
    ranking: tuple[tuple[str, float], ...]
    signs: tuple[float, ...]
    seconds: float

    @property
    def best(self) -> str:
        """The likeliest intent, whatever was decided."""
        return self.ranking[0][0] if self.ranking else self.intent


class Model:
    """A trained Rasa model in this process.

    Args:
        path: the ``.tar.gz``.
    """

    def __init__(self, path: Path) -> None:
        import structlog
        from rasa.core.agent import Agent

        structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
        self._agent = Agent.load(str(path))

    def parse(self, texts: Iterable[str]) -> list[Parsed]:
        """Parses one text after the other, as a server does."""
        return asyncio.run(self._parse(list(texts)))

    def components(self) -> list[Any]:
        """The pipeline's components in their order."""
        nodes = self._agent.processor.graph_runner._instantiated_nodes
        return [node._component for name, node in nodes.items() if name.startswith("run_")]

    async def _parse(self, texts: list[str]) -> list[Parsed]:
        parsed: list[Parsed] = []
        for text in texts:
            start = time.perf_counter()
            result: dict[str, Any] = await self._agent.parse_message(text)
            seconds = time.perf_counter() - start
            ranking = tuple((e["name"], e["confidence"]) for e in result["intent_ranking"])
            parsed.append(
                Parsed(
                    result["intent"]["name"] or FALLBACK,
                    ranking,
                    signs(*ranking[0], result.get(SCORE_GAP, 0.0), result["entities"]),
                    seconds,
                )
            )
        return parsed
