"""Every line of a sheet stands, word for word, on the page of facts that it names, with the flag that it gives."""

from __future__ import annotations

import re
from importlib import import_module
from pathlib import Path

import pytest

from alignkit.testing.sheet import Quote, Sheet, quotes

from .place import FACTS, needed

SHEETS = sorted(file.stem for file in (Path(__file__).parents[1] / "connectors" / "sheets").glob("[a-z]*.py"))
WORST_FIRST = "UMCID"


def faults(quote: Quote, page: str) -> str | None:
    """Why a quote is not what a page says; None where it is."""
    if len(quote.words.split()) < 2:
        return f"`{quote.words}` is too short to say anything"
    lines = [line for line in page.splitlines() if _plain(quote.words) in _plain(line)]
    if not lines:
        return f"`{quote.words}` is not on the page `{quote.page}`"
    flags = [flag for line in lines for found in re.findall(r"\[([^\]]*)\]", line) for flag in _flags(found)]
    # A page flags what needs a flag; a line without any is documented by the references at its end.
    if quote.flag not in (flags or ["D"]):
        return f"`{quote.words}` is flagged {sorted(set(flags))} on the page `{quote.page}`, not {quote.flag}"
    return None


def _plain(text: str) -> str:
    return " ".join(text.replace("`", "").split())


def _flags(found: str) -> list[str]:
    return re.findall(rf"(?:^|[/;, ])([{WORST_FIRST}])(?=[0-9/;,: ]|$)", found)


def sheets(module: str) -> list[Sheet]:
    found = import_module(f"tests.connectors.sheets.{module}")
    return [one for one in vars(found).values() if isinstance(one, Sheet)]


@pytest.mark.parametrize("module", SHEETS)
def test_every_line_of_a_sheet_is_quoted_as_it_stands(module: str) -> None:
    folder = needed(FACTS)
    told = [quote for sheet in sheets(module) for quote in quotes(sheet)]
    assert told, f"`{module}` has no sheet"
    wrong = {why for quote in told if (why := faults(quote, (folder / f"{quote.page}.md").read_text("utf-8")))}
    assert not wrong, "; ".join(sorted(wrong))


PAGE = """# Shop
- Rows come in order [D2][C Nango], up to 100 on a page [M/U: test].
- `cursor` may be null on an empty page [U].
- Bare words of the vendor.
"""


@pytest.mark.parametrize(
    ("flag", "words", "why"),
    [
        ("D", "Rows come in order", None),
        ("C", "Rows come in order", None),
        ("M", "up to 100 on a page", None),
        ("U", "cursor may be null", None),
        ("D", "Bare words of", None),
        ("I", "Rows come in order", "is flagged ['C', 'D', 'M', 'U']"),
        ("D", "Rows come in some order", "is not on the page"),
        ("D", "Rows", "is too short"),
    ],
)
def test_a_quote_is_held_to_its_page(flag: str, words: str, why: str | None) -> None:
    found = faults(Quote("shop", flag, words), PAGE)  # type: ignore[arg-type] # flags are texts here
    assert found is None if why is None else why in (found or "")
