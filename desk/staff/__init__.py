"""Who works here: accounts, roles, and how staff prove who they are."""
