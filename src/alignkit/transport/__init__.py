"""How alignkit talks to services: flows, accounts and one guarded client."""
