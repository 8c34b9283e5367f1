"""Trains the vanilla pipeline of ``benchmarks/vanilla.yml`` for comparison."""

from __future__ import annotations

import argparse
import sys
import time

import spacy
from rasa.model_training import train

from tools.places import ROOT, RUN_DIR
from tools.train import DATA

VANILLA_MODEL = RUN_DIR / "vanilla.tar.gz"


def main() -> int:
    """Trains anew and prints the seconds it took."""
    argparse.ArgumentParser(description=__doc__).parse_args()
    print(f"{train_vanilla():.0f}")
    return 0


def train_vanilla() -> float:
    """Trains anew, whatever is there, and returns the seconds it took."""
    RUN_DIR.mkdir(exist_ok=True)
    spacy.blank("ja").to_disk(RUN_DIR / "ja_blank")
    start = time.perf_counter()
    train(
        domain=str(ROOT / "domain.yml"),
        config=str(ROOT / "benchmarks" / "vanilla.yml"),
        training_files=[str(ROOT / name) for name in DATA],
        output=str(RUN_DIR),
        fixed_model_name="vanilla",
        force_training=True,
    )
    return time.perf_counter() - start


if __name__ == "__main__":
    sys.exit(main())
