"""Decompresses a body while it arrives, and stops at a cap before memory is taken."""

from __future__ import annotations

import zlib

from alignkit.errors import ResponseInvalid, ServiceUnreachable

ACCEPTED = "gzip, deflate"

_GZIP = 16 + zlib.MAX_WBITS
_ZLIB = zlib.MAX_WBITS
_RAW_DEFLATE = -zlib.MAX_WBITS
_ENCODINGS = {"gzip": _GZIP, "x-gzip": _GZIP, "deflate": _ZLIB}


class Body:
    """The body of one answer.

    Args:
        encoding: the `Content-Encoding` header; one encoding at most.
        largest: the most bytes it may have once decompressed.

    Raises:
        ResponseInvalid: from the constructor for an encoding we did not ask for; from `feed` when the body is
            damaged or larger than `largest`.
        ServiceUnreachable: from `whole` when it ended too early.
    """

    def __init__(self, encoding: str, largest: int) -> None:
        name = encoding.strip().lower()
        if name not in {"", "identity", *_ENCODINGS}:
            raise ResponseInvalid(f"the answer came in an encoding we did not ask for; we take {ACCEPTED}")
        self._format = _ENCODINGS.get(name)
        self._inflate = None if self._format is None else zlib.decompressobj(self._format)
        self._largest = largest
        self._received = bytearray()
        self._has_begun = False

    def feed(self, chunk: bytes) -> None:
        """Take the next bytes from the wire."""
        if not chunk:
            return
        if self._inflate is None:
            self._keep(chunk)
        else:
            self._decompress(chunk)
        self._has_begun = True

    def whole(self) -> bytes:
        """The body, once the wire has ended."""
        if self._inflate is not None and self._has_begun and not self._inflate.eof:
            raise ServiceUnreachable("the answer was cut short: its compressed body has no end")
        return bytes(self._received)

    def _decompress(self, chunk: bytes) -> None:
        if not self._has_begun and self._format == _ZLIB and not _is_zlib(chunk):
            self._inflate = zlib.decompressobj(_RAW_DEFLATE)  # what some servers mean by "deflate"
        while chunk:
            assert self._inflate is not None  # noqa: S101 - `feed` asked
            if self._inflate.eof:
                # A gzip file may have several members (RFC 1952, 2.2).
                self._inflate = zlib.decompressobj(self._format or _GZIP)
            try:
                # One byte more than allowed tells "too large" from "exactly as large".
                self._keep(self._inflate.decompress(chunk, self._largest - len(self._received) + 1))
            except zlib.error:
                break
            chunk = self._inflate.unconsumed_tail or self._inflate.unused_data
        else:
            return
        raise ResponseInvalid("the compressed body of the answer is damaged")

    def _keep(self, content: bytes) -> None:
        if len(self._received) + len(content) > self._largest:
            raise ResponseInvalid(
                f"the answer is larger than {self._largest:,} bytes; ask for smaller pages, or raise the cap"
            )
        self._received += content


def _is_zlib(chunk: bytes) -> bool:
    return chunk[0] & 0x0F == zlib.DEFLATED and (len(chunk) < 2 or int.from_bytes(chunk[:2]) % 31 == 0)
