"""Tags for the templates of rehearsals."""
