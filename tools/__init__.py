"""Commands behind the Makefile's targets; each says what it does with ``--help``."""
