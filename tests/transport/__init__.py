"""Tests of how alignkit talks to services."""
