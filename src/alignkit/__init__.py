"""alignkit keeps marketing from working against support."""
