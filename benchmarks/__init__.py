"""Measurements: quality (``make nlu-report``), thresholds (``make calibrate``), speed (``make bench``)."""
