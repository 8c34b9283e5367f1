"""Who did what and when: written once, never changed; the database refuses to."""
