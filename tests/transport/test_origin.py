"""Where a URL leads: strict, and never otherwise than the library that dials reads it."""

from __future__ import annotations

from urllib.parse import urlsplit

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alignkit.errors import SettingsError
from alignkit.transport.origin import Origin, place, service_root, subdomain

pieces = st.sampled_from(
    [
        "https",
        "http",
        "HTTPS",
        ":",
        "//",
        "/",
        "\\",
        "@",
        "?",
        "#",
        ".",
        "..",
        "%2e",
        "%40",
        "%00",
        "[",
        "]",
        "::1",
        "api.example.com",
        "evil.test",
        "localhost",
        "127.0.0.1",
        "0x7f.1",
        "2130706433",
        ":443",
        ":8443",
        "user",
        " ",
        "\t",
        "\n",
        "\x00",
        "ⓔxample.com",
        "xn--e1afmkfd.test",
        "a",
        "é",
        "%",
        "|",
        "&",
        "=",
    ]
)


@given(st.lists(pieces, max_size=9).map("".join) | st.lists(pieces, max_size=7).map(lambda p: "https://" + "".join(p)))
def test_a_url_that_is_accepted_leads_where_other_parsers_say(url: str) -> None:
    try:
        ours = place(url)
    except ValueError:
        return
    theirs, plain = httpx.URL(ours.url), urlsplit(ours.url)
    assert (
        (theirs.scheme, theirs.raw_host.decode())
        == (ours.origin.scheme, ours.origin.host)
        == (plain.scheme, plain.hostname)
    )
    assert (theirs.port or ours.origin.port) == ours.origin.port == (plain.port or ours.origin.port)
    assert not theirs.userinfo
    assert plain.username is None


@given(st.lists(pieces, max_size=9).map(lambda p: "https://api.example.com" + "".join(p)))
def test_a_place_written_out_reads_as_the_same_place(url: str) -> None:
    try:
        once = place(url)
    except ValueError:
        return
    assert place(once.url) == once


@pytest.mark.parametrize(
    "url",
    [
        "https://api.example.com@evil.test/",
        "https://api.example.com:443@evil.test/",
        "https://api.example.com\\@evil.test/",
        "https://evil.test\\.api.example.com/",
        "//evil.test/",
        "https:evil.test/",
        "https:///evil.test/",
        "https:/evil.test",
        "ftp://api.example.com/",
        "https://api.example.com:0/",
        "https://api.example.com:99999/",
        "https://api.example.com:80:80/",
        "https://api..example.com/",
        "https://api.example.com./",
        "https://аpi.example.com/",
        "https://[::1/",
        "https://[127.0.0.1]/",
        "https://api.example.com/a/../b",
        "https://api.example.com/a/%2E%2e/b",
        "https://api.example.com/a b",
        "https://api.example.com/\r\nX-Evil: 1",
        "https://api.example.com/\u2028",
        "",
    ],
)
def test_a_url_that_parsers_could_read_in_two_ways_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match=r"^its? "):
        place(url)


@pytest.mark.parametrize(
    ("url", "other"),
    [
        ("https://api.example.com/", "http://api.example.com/"),
        ("https://api.example.com/", "https://api.example.com:8443/"),
        ("https://api.example.com/", "https://api.example.com.evil.test/"),
        ("https://api.example.com/", "https://evil.test/api.example.com"),
        ("http://127.0.0.1:80/", "http://127.0.0.1:81/"),
        ("http://127.0.0.1/", "http://localhost/"),
    ],
)
def test_another_scheme_host_or_port_is_another_origin(url: str, other: str) -> None:
    assert place(url).origin != place(other).origin


def test_case_default_port_and_fragment_make_no_other_origin() -> None:
    assert place("HTTPS://API.Example.com:443/A?b#c").url == "https://api.example.com/A?b"
    assert str(place("http://[0:0:0:0:0:0:0:1]:8080").origin) == "http://[::1]:8080"


@pytest.mark.parametrize(
    ("written", "root"),
    [
        ("https://rt.example.com", "https://rt.example.com"),
        (" https://RT.example.com:443/ ", "https://rt.example.com"),
        ("https://intra.example.com/rt/", "https://intra.example.com/rt"),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
        ("http://localhost/rt", "http://localhost/rt"),
        ("http://[::1]:8001", "http://[::1]:8001"),
        ("https://10.1.2.3", "https://10.1.2.3"),
    ],
)
def test_a_service_root_has_one_spelling(written: str, root: str) -> None:
    assert service_root(written) == root


@pytest.mark.parametrize(
    "url",
    [
        "http://rt.example.com",
        "http://0x7f.1",
        "http://2130706433",
        "https://user:sample-secret@rt.example.com",
        "https://rt.example.com?key=sample-secret",
        "https://rt.example.com/#sample-secret",
        "https://rt.example.com?",
        "rt.example.com/sample-secret",
        "https://169.254.169.254/sample-secret",
        "https://[::ffff:169.254.169.254]/",
        "https://[fe80::1]/",
        "https://0.0.0.0/",
        "https://224.0.0.1/",
        "https://rt.example.com\\sample-secret",
        "",
    ],
)
def test_a_root_that_cannot_be_trusted_is_refused_without_repeating_it(url: str) -> None:
    with pytest.raises(SettingsError, match="`base_url` cannot be used") as caught:
        service_root(url)
    assert "sample-secret" not in repr(caught.value) + repr(caught.value.__context__)


@pytest.mark.parametrize(("written", "label"), [("acme", "acme"), (" Acme-2 ", "acme-2"), ("x", "x")])
def test_a_subdomain_is_one_label(written: str, label: str) -> None:
    assert subdomain(written) == label


@pytest.mark.parametrize(
    "value", ["", "a.b", "evil.test/", "evil.test#", "a@b", "a:1", "-a", "a-", "a/b", "ä", "a" * 64, "a\nb", "xn--\\"]
)
def test_a_subdomain_that_could_name_another_host_is_refused(value: str) -> None:
    with pytest.raises(SettingsError, match="`subdomain`"):
        subdomain(value)


@pytest.mark.parametrize(
    ("host", "suffix", "expected"),
    [
        ("eu1.salesforce.com", "salesforce.com", True),
        ("eu1.salesforce.com", ".Salesforce.com", True),
        ("salesforce.com", "salesforce.com", True),
        ("evilsalesforce.com", "salesforce.com", False),
        ("salesforce.com.evil.test", "salesforce.com", False),
        ("salesforce.com", "", False),
        ("salesforce.com", ".", False),
    ],
)
def test_a_suffix_is_matched_by_whole_labels(host: str, suffix: str, expected: bool) -> None:
    assert Origin("https", host, 443).is_within(suffix) is expected


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "2130706433", "0x7f.1", "127.1", "localhost", "metadata", "::1", "a.0x10"]
)
def test_an_address_in_any_notation_is_no_named_host(host: str) -> None:
    assert not Origin("https", host, 443).is_named
    assert Origin("https", "files.example.com", 443).is_named
