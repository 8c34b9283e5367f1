"""How messages reach Rasa: its REST channel, made safe against bad input and silent failure."""
