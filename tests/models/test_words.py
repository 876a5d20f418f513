"""Holds the words that type checkers are told of to the members that there are."""

from __future__ import annotations

from typing import get_args

from alignkit.models import Category, Channel
from alignkit.models.marketing import CategoryName, ChannelName


def test_every_category_can_be_given_by_its_word() -> None:
    assert set(get_args(CategoryName)) == {category.value for category in Category}


def test_every_channel_can_be_given_by_its_word() -> None:
    assert set(get_args(ChannelName)) == {channel.value for channel in Channel}
