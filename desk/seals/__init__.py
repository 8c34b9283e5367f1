"""What a patient wrote is sealed where it is stored: keys, fields, and the change of keys."""
