"""Conversations: the one path on which patients' messages come in and answers go out."""
