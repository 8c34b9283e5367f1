"""How far a long step is, in one quiet line: rewritten in a terminal, a few plain lines elsewhere."""

from __future__ import annotations

import time
import unicodedata
from collections.abc import Callable
from typing import TextIO

from core.locale import sentence

#: Steps of ``make run``, as the Makefile and the tools number them.
STEPS = 5
#: Seconds between two lines where lines cannot be rewritten.
QUIET_SECONDS = 30.0
#: Characters of the bar.
_BAR = 20


class Progress:
    """The line of one step.

    Args:
        stream: where it stands.
        title: what is done, with the step's number if it has one.
        clock: seconds that only grow.
    """

    def __init__(
        self, stream: TextIO, title: str, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._stream, self._title, self._clock = stream, title, clock
        self._is_terminal = stream.isatty()
        self._began, self._told_at = clock(), -QUIET_SECONDS
        self._told = ""

    @property
    def seconds(self) -> float:
        """Since it began."""
        return self._clock() - self._began

    def show(self, text: str, share: float | None = None) -> None:
        """Says how far it is.

        Args:
            text: in words.
            share: of the whole, from 0 to 1; None where nobody knows.
        """
        bar = ""
        if share is not None:
            full = round(_BAR * share)
            bar = f"[{'#' * full}{'-' * (_BAR - full)}] {100 * share:3.0f}% "
        line = f"{self._title}  {bar}{text}"
        if line == self._told:
            return
        if self._is_terminal:
            self._stream.write(f"\r{_fitting(line)}\x1b[K")
        elif self._clock() - self._told_at >= QUIET_SECONDS:
            self._stream.write(f"{line}\n")
        else:
            return
        self._told, self._told_at = line, self._clock()
        self._stream.flush()

    def end(self, text: str) -> None:
        """Says that it is over; the last line of the step.

        Args:
            text: what came of it.
        """
        begin, rest = ("\r", "\x1b[K") if self._is_terminal else ("", "")
        self._stream.write(f"{begin}{self._title}  {text}{rest}\n")
        self._stream.flush()


def step(number: int, name: str) -> str:
    """The title of a step of ``make run``.

    Args:
        number: from 1 to ``STEPS``.
        name: a key among the sentences.
    """
    return f"{number}/{STEPS} {sentence(f'tools.step_{name}')}"


def about(seconds: float) -> str:
    """A time that is left, as one says it.

    Args:
        seconds: how long.
    """
    if seconds >= 90:
        return sentence("tools.about_minutes", count=round(seconds / 60))
    return sentence("tools.about_seconds", count=max(5, 5 * round(seconds / 5)))


def _fitting(line: str, columns: int = 78) -> str:
    """As much of a line as a narrow terminal shows without a second one."""
    width = 0
    for place, letter in enumerate(line):
        width += 2 if unicodedata.east_asian_width(letter) in "WFA" else 1
        if width > columns:
            return line[:place]
    return line
