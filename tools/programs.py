"""Programs that end with whoever started them, and are read while they run."""

from __future__ import annotations

import contextlib
import re
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import BinaryIO

from tools.places import ROOT

#: Letters of what programs print that are kept.
LOG_LETTERS = 6000
#: Seconds between two looks at a program, and until one that was told to end is ended.
LOOK_SECONDS, END_SECONDS = 0.5, 10.0
_COMPONENT = re.compile(r"(?:Starting to train component|Training) '?([A-Za-z_]+)'?")
_EPOCHS = re.compile(r"Epochs:\s+\d+%\|[^|]*\|\s*(\d+)/(\d+)")
_COLOURS = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
_ENDED = re.compile(r"Finished training component")


class Output:
    """What a program has printed so far: its last lines, and how far it says it is.

    Attributes:
        part: the component that is trained; "" for none.
        percent: of that, where it is known.
    """

    def __init__(self) -> None:
        self._text = ""
        self._guard = threading.Lock()
        self.part = ""
        self.percent: int | None = None

    def take(self, piece: bytes) -> None:
        """Reads on.

        Args:
            piece: what was printed since.
        """
        text = _COLOURS.sub("", piece.decode("utf-8", "replace")).replace("\x00", "")
        with self._guard:
            self._text = (self._text + text)[-2 * LOG_LETTERS :]
        for line in re.split(r"[\r\n]", text):
            if found := _COMPONENT.search(line):
                self.part, self.percent = found[1], None
            elif found := _EPOCHS.search(line):
                self.percent = round(100 * int(found[1]) / max(int(found[2]), 1))
            elif _ENDED.search(line):
                self.percent = None

    @property
    def tail(self) -> str:
        """The last lines; of a line that was written over and over, the last state."""
        with self._guard:
            lines = self._text.split("\n")
        shown = "\n".join(line.rstrip("\r").rpartition("\r")[2] for line in lines)
        return shown[-LOG_LETTERS:]


@contextlib.contextmanager
def running(
    command: Sequence[str],
    environment: Mapping[str, str],
    nice: int = 0,
    log: BinaryIO | None = None,
) -> Iterator[tuple[subprocess.Popen[bytes], Output]]:
    """Runs a program while the block runs.

    Args:
        command: the program.
        environment: its variables.
        nice: how much it gives way to others.
        log: takes all that it prints.

    Yields:
        The process, and what it prints.
    """
    leash = [sys.executable, "-m", "tools.leash", "--nice", str(nice), "--", *command]
    output = Output()
    process = subprocess.Popen(
        leash, cwd=ROOT, env={**environment, "PYTHONPATH": str(ROOT)}, bufsize=0,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    assert process.stdin is not None and process.stdout is not None
    pipe = process.stdout

    def read() -> None:
        while piece := pipe.read(4096):
            output.take(piece)
            if log:
                log.write(piece)

    reader = threading.Thread(target=read, daemon=True, name="program-output")
    reader.start()
    try:
        yield process, output
    finally:
        process.stdin.close()
        try:
            process.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        reader.join(1)
        pipe.close()


def run(
    command: Sequence[str],
    environment: Mapping[str, str],
    tick: Callable[[Output], None],
    nice: int = 0,
    log: BinaryIO | None = None,
) -> tuple[int, Output]:
    """Runs a program to its end.

    Args:
        command: the program.
        environment: its variables.
        tick: called again and again with what it has printed; what it raises ends the program.
        nice: how much it gives way to others.
        log: takes all that it prints.

    Returns:
        Its exit code, and what it printed.
    """
    with running(command, environment, nice, log) as (process, output):
        while process.poll() is None:
            tick(output)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(LOOK_SECONDS)
        code = process.returncode
    tick(output)
    return code, output


def wait_until(condition: Callable[[], bool], seconds: float, tick: Callable[[], None]) -> bool:
    """Waits for something.

    Args:
        condition: what is waited for.
        seconds: how long at most.
        tick: called in between; what it raises ends the wait.

    Returns:
        Whether it came to be.
    """
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        tick()
        time.sleep(LOOK_SECONDS)
    return True
