"""What every process shares: Japanese text, the lexicon, the knowledge table. No framework."""
