"""A week of a marked demonstration, played into the desk's database (``make demo-data``)."""
