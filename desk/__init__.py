"""The desk: where patients' messages enter and leave, and where people answer (Django)."""
