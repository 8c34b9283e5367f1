"""Tickets: what a person has to answer, and until when."""
