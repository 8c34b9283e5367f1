"""LINE: webhooks in, messages out."""
