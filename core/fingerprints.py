"""What tells whether something must be made anew: digests of files and of this code."""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Iterable
from pathlib import Path


def fingerprint(files: Iterable[Path], *more: str) -> str:
    """Twelve hexadecimal digits that change with the files, their names, and whatever else is named.

    Args:
        files: the files.
        more: whatever else.
    """
    contents = (file.name.encode() + b"\0" + file.read_bytes() for file in files)
    return hashlib.sha256(b"\0".join([*contents, *map(str.encode, more)])).hexdigest()[:12]


@functools.cache
def of_code() -> str:
    """The fingerprint of the code that understands messages, as it was when first asked for: this package."""
    return fingerprint(sorted(Path(__file__).parent.glob("*.py")))
