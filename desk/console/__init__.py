"""The console at ``/staff/``: what patients wrote, and what staff do about it."""
