"""Training: terms and examples that staff propose, and a new model without downtime."""
