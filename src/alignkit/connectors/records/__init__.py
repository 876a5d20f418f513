"""Reads services' JSON straight into entities, by declaration: shapes of records, and bodies that hold them."""

from alignkit.connectors.records.body import Answer, Body
from alignkit.connectors.records.convert import day, money
from alignkit.connectors.records.recipe import Found, Recipe
from alignkit.connectors.records.shape import Extras, Path, Paths, Rows, Shape, Values, objects

__all__ = [
    "Answer",
    "Body",
    "Extras",
    "Found",
    "Path",
    "Paths",
    "Recipe",
    "Rows",
    "Shape",
    "Values",
    "day",
    "money",
    "objects",
]
