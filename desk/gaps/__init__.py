"""Gaps: what patients asked and the table did not answer, and the weekly report."""
