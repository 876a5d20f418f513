"""Decompression: any chunking gives the same body, and no body grows past its cap."""

from __future__ import annotations

import gzip
import tracemalloc
import zlib
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alignkit.errors import ResponseInvalid, ServiceUnreachable
from alignkit.transport._inflate import Body


def raw_deflate(content: bytes) -> bytes:
    squeeze = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return squeeze.compress(content) + squeeze.flush()


FORMS: dict[str, Callable[[bytes], bytes]] = {
    "": bytes,
    "identity": bytes,
    "gzip": gzip.compress,
    "X-GZIP ": gzip.compress,
    "deflate": zlib.compress,
}


@given(st.binary(max_size=3_000), st.sampled_from(sorted(FORMS)), st.integers(1, 700))
def test_any_chunking_gives_the_same_body(content: bytes, encoding: str, size: int) -> None:
    body = Body(encoding, largest=len(content))
    wire = FORMS[encoding](content)
    for start in range(0, len(wire), size):
        body.feed(wire[start : start + size])
    assert body.whole() == content


@given(st.binary(max_size=300), st.integers(2, 90))
def test_deflate_without_its_header_is_read_as_well(content: bytes, size: int) -> None:
    body, wire = Body("deflate", largest=300), raw_deflate(content)
    for start in range(0, len(wire), size):
        body.feed(wire[start : start + size])
    assert body.whole() == content


def test_a_gzip_body_of_several_members_is_read_to_its_end() -> None:
    body = Body("gzip", largest=100)
    body.feed(gzip.compress(b"one ") + gzip.compress(b"two"))
    assert body.whole() == b"one two"


@pytest.mark.parametrize("encoding", sorted(FORMS))
def test_one_byte_over_the_cap_is_refused(encoding: str) -> None:
    body = Body(encoding, largest=999)
    with pytest.raises(ResponseInvalid, match="larger than 999 bytes"):
        body.feed(FORMS[encoding](b"x" * 1000))


def test_a_bomb_takes_no_more_memory_than_the_cap() -> None:
    bomb = gzip.compress(b"\0" * 60_000_000)
    body = Body("gzip", largest=1_000_000)
    tracemalloc.start()
    try:
        with pytest.raises(ResponseInvalid, match="larger than 1,000,000 bytes"):
            body.feed(bomb)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 8_000_000


@pytest.mark.parametrize("encoding", ["br", "zstd", "compress", "gzip, gzip", "gzip,br"])
def test_an_encoding_we_did_not_ask_for_is_refused(encoding: str) -> None:
    with pytest.raises(ResponseInvalid, match="encoding we did not ask for"):
        Body(encoding, largest=10)


@given(st.binary(min_size=1, max_size=200), st.data())
def test_a_compressed_body_that_was_cut_is_unreachable_and_never_short(content: bytes, data: st.DataObject) -> None:
    wire = gzip.compress(content)
    body = Body("gzip", largest=1_000)
    body.feed(wire[: data.draw(st.integers(1, len(wire) - 1))])
    with pytest.raises(ServiceUnreachable, match="cut short"):
        body.whole()


@given(st.binary(min_size=20, max_size=100).filter(lambda noise: noise[:2] != b"\x1f\x8b"))
def test_noise_that_calls_itself_gzip_is_damaged(noise: bytes) -> None:
    with pytest.raises(ResponseInvalid, match="damaged"):
        Body("gzip", largest=1_000).feed(noise)


def test_an_empty_body_needs_no_compression_to_be_whole() -> None:
    assert Body("gzip", largest=10).whole() == b""
