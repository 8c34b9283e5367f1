"""Rehearsals: conversations that staff write, run against a table and a model before patients meet them."""
