"""What the templates of gaps need."""
