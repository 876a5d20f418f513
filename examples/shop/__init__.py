"""An invented online shop, Lark & Pine: its people, its helpdesk and its mailing list, alike on every run."""
