"""How much one, two and three Rasa servers take: more and more messages a second, until it is too much."""

from __future__ import annotations

import statistics
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from benchmarks.load.patients import Patients, Sent
from benchmarks.load.platform import Platform
from benchmarks.load.stage import Stage
from benchmarks.percentile import percentile

#: What is too much: a 95th percentile of so many seconds, or any message without the bot's answer.
TOO_LATE_SECONDS = 2.0
#: For which LINE's messages wait whether more comes (``desk.line.inbox.BREATH``).
BREATH_SECONDS = 1.0
#: Answers that the bot could not give: Rasa was too slow, or did not answer.
_FAILED = "SELECT count(*) FROM conversations_message WHERE turn->>'reason' = 'unavailable'"


@dataclass(frozen=True)
class Times:
    """Seconds from sending to the answer: median, 95th and 99th percentile."""

    median: float
    p95: float
    p99: float


@dataclass(frozen=True)
class Step:
    """So many messages a second.

    Attributes:
        replicas: Rasa servers.
        rate: messages a second that were sent.
        answers: answers a second, without the first and the last tenth of them.
        web, line: how soon they came.
        failed: messages without an answer of the bot.
        cpu: milliseconds of processor time a message, by kind of process.
    """

    replicas: int
    rate: float
    answers: float
    web: Times
    line: Times
    failed: int
    cpu: dict[str, float] = field(default_factory=dict)

    @classmethod
    def of(cls, figures: Mapping[str, Any]) -> Step:
        """A step that was written down.

        Args:
            figures: as ``dataclasses.asdict`` makes them.
        """
        times = {channel: Times(**figures[channel]) for channel in ("web", "line")}
        return cls(**{**figures, **times})

    @property
    def is_too_much(self) -> bool:
        """Whether this is more than it takes."""
        late = max(self.web.p95, self.line.p95 - BREATH_SECONDS)
        return late > TOO_LATE_SECONDS or self.failed > 0


async def measured(
    stage: Stage, patients: Patients, replicas: int, rate: float, seconds: float
) -> Step:
    """One step.

    Args:
        stage: what is measured.
        patients: who write.
        replicas: how many Rasa servers the desk knows.
        rate: messages a second.
        seconds: for how long.
    """
    before, failed = stage.cpu(), _failed(stage)
    sent = await patients.write(rate, seconds)
    used = {kind: value - before.get(kind, 0.0) for kind, value in stage.cpu().items()}
    return _step(replicas, rate, sent, _failed(stage) - failed, used)


async def climb(
    stage: Stage, replicas: int, rates: list[float], seconds: float
) -> tuple[list[Step], dict[str, float]]:
    """Steps until one is too much, and mebibytes of each process after them.

    Args:
        stage: what is measured; its bot runs.
        replicas: how many of its Rasa servers the desk knows.
        rates: messages a second.
        seconds: how long a step lasts.
    """
    platform = Platform()
    await platform.start()
    stage.start_desk(replicas, platform.url)
    patients = Patients(stage.ports.desk, stage.secret, platform)
    await patients.open()
    await patients.write(5, 4)  # the first answers of a process take longer
    steps: list[Step] = []
    try:
        for rate in rates:
            steps.append(await measured(stage, patients, replicas, rate, seconds))
            print(f"{replicas} × rasa, {rate:g} a second: {steps[-1]}", flush=True)
            if steps[-1].is_too_much:
                break
    finally:
        patients.close()
    names = [name for name in stage.processes if not _is_idle(name, replicas)]
    return steps, {name: stage.memory()[name] for name in names}


def highest(steps: list[Step]) -> Step | None:
    """The last step that was not too much."""
    good = [step for step in steps if not step.is_too_much]
    return good[-1] if good else None


def _is_idle(name: str, replicas: int) -> bool:
    number = int(name.partition("-")[2] or 1)
    return name.startswith("rasa") and number > replicas


def _failed(stage: Stage) -> int:
    ((count,),) = stage.query(_FAILED)
    return int(str(count))


def _step(replicas: int, rate: float, sent: Sent, failed: int, used: dict[str, float]) -> Step:
    came = sorted(answer.came for answer in sent.answers)
    count, edge = len(came), len(came) // 10
    middle = came[edge : count - edge]
    rate_of_answers = (len(middle) - 1) / (middle[-1] - middle[0]) if len(middle) > 1 else 0.0
    cpu = {kind: 1000 * seconds / max(1, count) for kind, seconds in used.items()}
    web, line = (_times(sent, channel) for channel in ("web", "line"))
    return Step(replicas, rate, rate_of_answers, web, line, failed + sent.unanswered, cpu)


def _times(sent: Sent, channel: str) -> Times:
    found = [answer.seconds for answer in sent.answers if answer.channel == channel]
    times = found if len(found) > 1 else [float("inf")] * 2
    return Times(statistics.median(times), percentile(times, 95), percentile(times, 99))
