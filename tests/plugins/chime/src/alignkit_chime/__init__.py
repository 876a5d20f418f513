"""Chime for alignkit."""

from alignkit_chime.connector import Chime

__all__ = ["Chime"]
