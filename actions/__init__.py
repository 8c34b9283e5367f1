"""Rasa custom actions: read the turn, choose from the table, compose the reply, pass on."""
