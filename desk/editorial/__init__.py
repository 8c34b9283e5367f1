"""The editorial desk: the vetted table in the database, changed by two people and published."""
