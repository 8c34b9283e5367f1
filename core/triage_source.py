"""Keeps the screen current: rules that change are taken over, broken ones are not."""

from __future__ import annotations

import contextlib
import functools
import gc
import logging
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any, Generic, TypeVar

from core.faults import DataError
from core.fingerprints import fingerprint, of_code
from core.japanese import JapaneseTokenizer, data_tokenizer
from core.judge import Judge, Reading
from core.locale import sentence
from core.rulebook import FINDINGS_FOLDER, RULES_FILE, Rulebook
from core.triage import SENTENCES_FILE, SPELLINGS_FILE, Triage
from core.urgency import CALM, Sample

logger = logging.getLogger(__name__)

#: Intent whose examples tell of red flags, urgent or not.
RED_FLAG = "red_flag_report"
Rules = TypeVar("Rules", bound=Judge)
#: Messages whose reading is kept for whoever reads them next.
RECENT = 64
#: What says by which rules a reading was made.
_RULES = "rules"
#: A changed file is looked for at most this often, in seconds.
CHECK_SECONDS = 2.0


class RulesSource(Generic[Rules]):
    """The last good copy of what the files of a folder say.

    Files are looked at again while the source is used; changed ones that are broken are logged with
    line and reason and not taken over. Reading takes place in a thread of its own, so that no
    patient waits for it.

    Args:
        folder: ``data/triage``.
        load: makes the copy; told whether the rules' examples are to be checked.

    Raises:
        DataError: there is no good copy to begin with.
    """

    def __init__(self, folder: Path, load: Callable[[bool], Rules]) -> None:
        self._folder = folder
        self._load = load
        self._seen = self._stamp()
        # The examples were checked when the files last changed; a start need not wait for them.
        self._version = self._digest()
        self._current = load(False)
        _settle()
        self._checked = time.monotonic()
        self._lock = threading.Lock()

    @property
    def current(self) -> Rules:
        """The last good copy."""
        if time.monotonic() - self._checked > CHECK_SECONDS and self._lock.acquire(blocking=False):
            self._checked = time.monotonic()
            threading.Thread(target=self._refresh_and_release, name="triage", daemon=True).start()
        return self._current

    @property
    def version(self) -> str:
        """Twelve hexadecimal digits that change with the rules in force."""
        return self._version

    def refresh(self) -> bool:
        """Takes over changed rules now; returns whether there were any that are good."""
        stamp = self._stamp()
        if stamp == self._seen:
            return False
        self._seen = stamp
        version = self._digest()
        try:
            changed = self._load(True)
        except DataError as error:
            logger.error(sentence("tools.rules_broken", detail=error))
            return False
        self._current, self._version = changed, version
        _settle()
        logger.info(sentence("tools.rules_reloaded"))
        return True

    def _refresh_and_release(self) -> None:
        try:
            self.refresh()
        finally:
            self._lock.release()

    def _digest(self) -> str:
        return fingerprint(self._files())

    def _files(self) -> list[Path]:
        files = [self._folder / name for name in (RULES_FILE, SPELLINGS_FILE, SENTENCES_FILE)]
        files += sorted((self._folder / FINDINGS_FOLDER).glob("*.yml"))
        return [file for file in files if file.exists()]

    def _stamp(self) -> tuple[tuple[str, int, int], ...]:
        found = [(file.name, file.stat()) for file in self._files()]
        return tuple((name, stat.st_mtime_ns, stat.st_size) for name, stat in found)


def _settle() -> None:
    """Takes what is loaded out of the garbage collector's sight.

    The screen is some hundred thousand objects that stay; without this a message waits a tenth of a
    second and more, now and then, for the collector to look at each of them.
    """
    gc.collect()
    gc.freeze()


class TriageSource(RulesSource[Triage]):
    """The last good screen of a folder.

    Args:
        folder: ``data/triage``.
        tokenizer: the tokenizer of the process.
        samples: messages of patients (``Triage``).

    Raises:
        DataError: there is no good copy to begin with.
    """

    def __init__(
        self, folder: Path, tokenizer: JapaneseTokenizer, samples: Sequence[Sample] = ()
    ) -> None:
        def load(check_examples: bool) -> Triage:
            triage = Triage.load(folder, tokenizer, check_examples, samples)
            triage.listen()
            return triage

        self._recent: OrderedDict[tuple[Triage, str], Reading] = OrderedDict()
        self._guard = threading.Lock()
        self._kin = _kin(folder.parent)
        super().__init__(folder, load)

    @property
    def _by(self) -> str:
        """What readings come of: the rules in force, and what this process was started with."""
        return f"{self.version} {self._kin}"

    def read(self, text: str) -> Reading:
        """What a message says; one that was just read, by whomever, is not read again.

        Args:
            text: any string.
        """
        key = self.current, text
        with self._guard:
            known = self._recent.get(key)
        return known or self._keep(key, key[0].read(text))

    def passed_on(self, text: str) -> dict[str, Any]:
        """What a message says, for another process (``take_over``); without the message's words.

        Args:
            text: any string.
        """
        return {_RULES: self._by, **self.read(text).to_json()}

    def take_over(self, text: str, passed_on: Any) -> None:
        """Takes what another process has read for what this one would read, if it reads by the same
        rules; anything else is not taken, and the message is read when it is asked for.

        Args:
            text: the message.
            passed_on: what is said to be its ``passed_on``.
        """
        key = self.current, text
        if isinstance(passed_on, dict) and passed_on.get(_RULES) == self._by:
            with contextlib.suppress(KeyError, TypeError, ValueError):
                self._keep(key, Reading.from_json(passed_on, text))

    def _keep(self, key: tuple[Triage, str], reading: Reading) -> Reading:
        with self._guard:
            self._recent[key] = reading
            while len(self._recent) > RECENT:
                self._recent.popitem(last=False)
        return reading


def _kin(data: Path) -> str:
    """Twelve hexadecimal digits for what a reading depends on besides the rules: examples, lexicon,
    dictionary and code.

    Args:
        data: the data folder.
    """
    files = [
        *sorted((data / "nlu").glob("*.yml")), *sorted((data / "lexicon").glob("*.csv")),
    ]  # fmt: skip
    return fingerprint(files, of_code(), version("sudachidict_core"))


@functools.lru_cache(maxsize=4)
def triage_of(data: Path) -> TriageSource:
    """The process's screen for a data folder.

    Raises:
        DataError: its rules cannot be used.
    """
    return TriageSource(data / "triage", data_tokenizer(data), _samples(data / "nlu"))


@functools.lru_cache(maxsize=4)
def judge_of(data: Path) -> RulesSource[Judge]:
    """The process's judge for a data folder, a hundredth of the size of a screen: for a process to
    which others pass on what they have read. It knows no phrases, so it checks none.

    Raises:
        DataError: its rules cannot be used.
    """
    folder = data / "triage"
    return RulesSource(folder, lambda _: Judge(Rulebook.load(folder)))


def _samples(folder: Path) -> list[Sample]:
    """The examples of a folder of Rasa's training data, all calm but those of ``RED_FLAG``, which
    have no level; what cannot be read is left out.
    """
    found: list[Sample] = []
    for path in sorted(folder.glob("*.yml")):
        level = ""
        for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith("- intent:"):
                level = "" if line.partition(":")[2].strip() == RED_FLAG else CALM
            elif line.strip().startswith("- "):
                found.append(Sample(line.strip().removeprefix("- "), level))
    return found
