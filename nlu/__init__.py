"""Rasa graph components, one class a file, in the order of ``config.yml``."""
