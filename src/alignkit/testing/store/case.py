"""What the author of a store tells the kit: how one is opened."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from alignkit.stores.base import Store


class StoreCase:
    """How a store is opened; it begins empty."""

    def open(self, folder: Path) -> Store:
        """A new store; what it keeps on disk belongs into this folder, which is empty."""
        raise NotImplementedError

    @pytest.fixture
    def store(self, tmp_path: Path) -> Iterator[Store]:
        """A new store, closed afterwards."""
        store = self.open(tmp_path)
        yield store
        store.close()
