"""The web chat: what the widget (``widget/``) talks to, and the page that shows it."""
