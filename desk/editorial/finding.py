"""What the desk has to say about a draft."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

#: An error keeps a draft from being published; a warning is for a person to look at.
Severity = Literal["error", "warning"]
#: Columns that patients read, the first when the answer is given.
READ = ("short", "detail")


@dataclass(frozen=True)
class Finding:
    """One remark.

    Attributes:
        column: the column of ``answers.csv`` that it is about, "" for the answer as a whole.
        severity: whether it must be mended.
        text: what is wrong and what to do, in Japanese.
    """

    column: str
    severity: Severity
    text: str
