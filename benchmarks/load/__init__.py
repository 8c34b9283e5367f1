"""The whole desk under load, as patients see it (``make bench-load``)."""
