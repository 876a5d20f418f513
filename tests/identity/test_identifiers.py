"""Holds identifiers to the one thing they must never do, letting two people share a key."""

from __future__ import annotations

import hashlib
import unicodedata
from itertools import combinations, permutations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from tests.strategies import names

from alignkit.errors import DataInvalid
from alignkit.identity import (
    ROLE_NAMES,
    bucketing_id,
    email,
    handle,
    identifier,
    is_shared,
    of_service,
    phone,
    readable,
)
from alignkit.models import Namespace

# E-mail addresses

SAME_MAILBOX = [
    ("ada@example.com", "ADA@EXAMPLE.COM"),
    ("ada@example.com", "  ada@Example.com\t\n"),
    ("ada@example.com", "ada@example.com."),
    ("ada@example.com", '"ada"@example.com'),
    ("ada@example.com", "\u202aada@example.com\u202c"),
    ("ada@example.com", "\ufeffada@example.com"),
    ("ada@example.com", "ada@example\u3002com"),
    ("jos\u00e9@example.com", "jose\u0301@example.com"),
    ("jos\u00e9@example.com", "JOSE\u0301@EXAMPLE.COM"),
    ("ada@b\u00fccher.example", "ada@xn--bcher-kva.example"),
    ("ada@b\u00fccher.example", "ada@BU\u0308CHER.example"),
    ("ada@b\u00fccher.example", "ada@XN--BCHER-KVA.example"),
    ("ada@stra\u00dfe.example", "ada@xn--strae-oqa.example"),
    ("ada@\u4f8b\u3048.example", "ada@\u4f8b\u3048\uff0eexample"),
    ("\u0645\u062d\u0645\u062f@example.com", "\u200f\u0645\u062d\u0645\u062f@example.com\u200f"),
    ("\u1e9e@example.com", "\u00df@example.com"),
    # A capital sigma is the small one that stands anywhere, not the one that ends a word.
    ("\u03bf\u03b4\u03bf\u03c3@example.com", "\u039f\u0394\u039f\u03a3@example.com"),
    ("ada@\u03bf\u03b4\u03bf\u03c3.example", "ada@\u039f\u0394\u039f\u03a3.example"),
]

DIFFERENT_PEOPLE = [
    # Only some providers read plus-tags and dots as nothing.
    ("ada@example.com", "ada+shop@example.com", "ada+@example.com", "a.da@example.com", "ad.a@example.com"),
    ("ada@gmail.com", "ada@googlemail.com", "a.d.a@gmail.com"),
    ("ada@example.com", "ada@example.org", "ada@mail.example.com", "ada@example.co", "ada@examplecom"),
    # Case folding makes one of each of these.
    ("stra\u00dfe@example.com", "strasse@example.com", "stra\u017fse@example.com"),
    ("ma\u00df@example.com", "mass@example.com"),
    ("\ufb01n@example.com", "fin@example.com"),
    ("\u0131lk@example.com", "ilk@example.com", "\u0130lk@example.com"),
    ("\u03bf\u03b4\u03bf\u03c2@example.com", "\u03bf\u03b4\u03bf\u03c3@example.com"),
    # IDNA 2003 makes one of each of these domains; registries sell them apart.
    ("ada@stra\u00dfe.example", "ada@strasse.example"),
    ("ada@\u03b2\u03cc\u03bb\u03bf\u03c2.example", "ada@\u03b2\u03cc\u03bb\u03bf\u03c3.example"),
    ("ada@\uff45xample.example", "ada@example.example"),
    # Letters of other alphabets that look the same.
    ("ada@example.com", "\u0430da@example.com", "ad\u0430@example.com", "ada@ex\u0430mple.com", "\uff41da@example.com"),
    # Compatibility forms that NFKC would make one.
    ("x2@example.com", "x\u00b2@example.com", "x\u2461@example.com"),
    ("\u00e5sa@example.com", "asa@example.com", "aasa@example.com"),
    ("ada@example.com", "ada_@example.com", "-ada@example.com", "ada'@example.com", "ada%example@example.com"),
    ("o'hara@example.com", "ohara@example.com", "o\u2019hara@example.com"),
    ("1@example.com", "\u0661@example.com", "01@example.com"),
]

NO_MAILBOX = [
    "",
    " ",
    "@",
    "ada",
    "ada@",
    "@example.com",
    "ada@@example.com",
    "ada@b@example.com",
    '"ada@home"@example.com',
    '""@example.com',
    '"ada lovelace"@example.com',
    "ada lovelace@example.com",
    "ada@exam ple.com",
    "Ada <ada@example.com>",
    "mailto:ada@example.com",
    "ada@example.com,bo@example.com",
    "ada@example.com; bo@example.com",
    "ada(home)@example.com",
    "ada@[127.0.0.1]",
    "ada@.example.com",
    "ada@example..com",
    "ada@example.com..",
    "ada@-example.com",
    "ada@example-.com",
    "ada@exa!mple.com",
    "ada@b\u00fc/cher.example",
    "ada@\u00fc\u3002\u3002example",
    "ada\x00@example.com",
    "ada@example.com\x00",
    "a\nda@example.com",
    "a\x7fda@example.com",
    "a\u0085da@example.com",
    "a\u00a0da@example.com",
    "a\u00adda@example.com",
    "a\u200bda@example.com",
    "a\u200dda@example.com",
    "a\u202eda@example.com",
    "a\u2028da@example.com",
    "ada@exam\u200cple.com",
    "\ud800@example.com",
    "ada@\udfff.com",
    "a" * 309 + "@example.com",
    "ada@" + "a" * 64 + ".com",
    "ada@" + "\u00fc" * 60 + ".com",
    "ada@" + ".".join(["a" * 50] * 6),
    "\u0301" * 100_000 + "@example.com",
    "@" * 100_000,
    "ada@" + "a." * 100_000,
    "ada@" + "-" * 100_000,
]


@pytest.mark.parametrize(("first", "second"), SAME_MAILBOX)
def test_two_spellings_of_one_mailbox_share_a_key(first: str, second: str) -> None:
    assert email(first) is not None
    assert email(first) == email(second)


@pytest.mark.parametrize("people", DIFFERENT_PEOPLE, ids=lambda people: ascii(people[0]))
def test_two_people_never_share_a_key(people: tuple[str, ...]) -> None:
    keys = [email(address) for address in people]
    assert None not in keys
    for (first, key), (second, other) in combinations(zip(people, keys, strict=True), 2):
        assert key != other, (first, second)


@pytest.mark.parametrize("address", NO_MAILBOX, ids=lambda address: ascii(address)[:40])
def test_what_is_no_mailbox_names_nobody(address: str) -> None:
    assert email(address) is None


@pytest.mark.parametrize(
    "name", ["a" * 64, ".ada", "ada.", "a..da", "{ada}", "a/b", "a=b", "!#$%&'*+-/=?^_`{|}~", "\u5f20\u4f1f"]
)
def test_a_name_that_some_provider_gives_out_is_taken(name: str) -> None:
    assert email(f"{name}@example.com") == f"email:{name}@example.com"


def test_the_longest_address_is_as_long_as_the_standards_allow() -> None:
    assert email("a" * 308 + "@example.com") is not None
    assert email("ada@" + "a" * 63 + ".com") is not None


def test_letters_share_a_key_only_as_one_character_or_as_two_cases_of_it() -> None:
    sharing: dict[str, set[str]] = {}
    for letter in map(chr, (*range(0x20, 0xD800), *range(0xE000, 0x20000))):
        if (key := email(f"a{letter}b@example.com")) is not None:
            sharing.setdefault(key, set()).add(unicodedata.normalize("NFC", letter).lower())
    assert len(sharing) > 110_000
    assert [sorted(letters) for letters in sharing.values() if len(letters) > 1] == []


written = st.text(st.characters(codec="utf-8", categories=("L", "M", "N", "S")), min_size=1, max_size=20)


@given(written, written)
def test_a_key_of_an_address_is_its_own_key(name: str, host: str) -> None:
    key = email(f"{name}@{host}.example")
    if key is None:
        return
    assert identifier(key) == key
    assert email(key.removeprefix("email:")) == key
    assert key.rpartition("@")[2].isascii()
    key.encode()


@given(st.from_regex(r"[A-Za-z0-9_.+-]{1,70}@([A-Za-z0-9-]{1,64}[.]){0,4}[A-Za-z]{1,64}[.]?", fullmatch=True))
def test_usual_and_unusual_spellings_are_read_alike(address: str) -> None:
    assert email(address) == email(f" {address}")


@pytest.mark.parametrize("last", [59, 60, 61, 62, 63])
def test_a_domain_is_as_long_as_the_standards_allow(last: int) -> None:
    host = ".".join(["a" * 63] * 3 + ["b" * last])
    assert (email(f"ada@{host}") is None) is (len(host) > 253)


@given(st.text())
def test_no_text_whatever_breaks_the_reading_of_identifiers(text: str) -> None:
    assert email(text) is None or "@" in text
    assert phone(text) is None or len(text) >= 7
    assert (readable(text) is None) is (_refused(text) is not None)


def _refused(text: str) -> str | None:
    try:
        identifier(text)
    except DataInvalid as refused:
        return str(refused)
    return None


@given(st.text(st.characters(codec="ascii", categories=("L", "N")), min_size=1), st.text(min_size=1, max_size=20))
def test_composed_and_decomposed_spellings_share_a_key(name: str, more: str) -> None:
    composed, decomposed = (unicodedata.normalize(form, f"{name}{more}@example.com") for form in ("NFC", "NFD"))
    assert email(composed) == email(decomposed)


# Phone numbers

SAME_PHONE = [
    ("+442079460018", "+44 20 7946 0018"),
    ("+442079460018", "0044 20 7946 0018"),
    ("+442079460018", "+44 (20) 7946-0018"),
    ("+442079460018", "+44 (0)20 7946 0018"),
    ("+442079460018", "0044 (0) 20 7946 0018"),
    ("+442079460018", "(+44) 20.7946.0018"),
    ("+442079460018", "\u202a+44\u00a020\u20117946\u20110018\u202c"),
    ("+442079460018", "\uff0b44 20 7946 0018"),
    ("+966512345678", "+\u0669\u0666\u0666 \u0665\u0661\u0662\u0663\u0664\u0665\u0666\u0667\u0668"),
    ("+390612345678", "+39 (0)6 1234 5678"),
    ("+493012345678", "+49 30/12345678"),
]
DIFFERENT_PHONES = [
    ("+442079460018", "+12079460018", "+4402079460018"),
    ("+390612345678", "+39612345678"),
    ("+493012345678", "+4930123456789", "+49301234567"),
]
NO_PHONE = [
    "",
    "+",
    "2079460018",
    "020 7946 0018",
    "442079460018",
    "+0442079460018",
    "000442079460018",
    "011442079460018",
    "+44 20 79",
    "+442079460018 ext. 5",
    "+442079460018x5",
    "+442079460018;ext=5",
    "+442079460018#5",
    "+442079460018 / +442079460019",
    "+44 20 7946 0018/19",
    "+44 20 7946 0018\u00b2",
    "+44 20 7946 0018\x00",
    "+1-800-FLOWERS",
    "tel:+442079460018",
    "++442079460018",
    "+4420794600181234",
    "\ud800+442079460018",
    "+" + "4" * 100_000,
    "+44" + " " * 100_000 + "2079460018",
]


@pytest.mark.parametrize(("first", "second"), SAME_PHONE)
def test_two_spellings_of_one_number_share_a_key(first: str, second: str) -> None:
    assert phone(first) == phone(second) == f"phone_e164:{first}"


@pytest.mark.parametrize("numbers", DIFFERENT_PHONES)
def test_two_numbers_never_share_a_key(numbers: tuple[str, ...]) -> None:
    assert len({phone(number) for number in numbers} - {None}) == len(numbers)


@pytest.mark.parametrize("number", NO_PHONE, ids=lambda number: ascii(number)[:40])
def test_a_national_or_unreadable_number_names_nobody(number: str) -> None:
    assert phone(number) is None


# Other identifiers


def test_an_id_of_a_service_is_kept_as_it_is_under_its_source() -> None:
    keys = {of_service(Namespace.HELPDESK_USER, source, id) for source in ("a", "b") for id in ("X", "x", "x ", "a/x")}
    assert len(keys) == 8
    for key in keys:
        assert identifier(key) == key


@given(names, st.text(min_size=1), names, st.text(min_size=1))
def test_ids_of_two_sources_never_share_a_key(source: str, id: str, other: str, other_id: str) -> None:
    assume((source, id) != (other, other_id))
    first, second = (of_service(Namespace.EXTERNAL_ID, *pair) for pair in ((source, id), (other, other_id)))
    assert first != second


def test_a_handle_belongs_to_its_platform() -> None:
    assert handle("forum", "@Ada") == handle("Forum", " ada ") == "social_handle:forum/ada"
    assert handle("forum", "ada") != handle("stars", "ada")
    assert identifier("social_handle:Forum/@Ada") == "social_handle:forum/ada"
    assert handle("forum", "@ada@social.example") == "social_handle:forum/ada@social.example"
    for written in ("forum/ada", "forum/https://social.example/users/ada", "forum/did:plc:ada", "forum/@ada", "f/a/@b"):
        platform, _, name = written.partition("/")
        assert identifier(f"social_handle:{written}") == handle(platform, name)
    for platform, name in (("forum", ""), ("forum", "@"), ("", "ada"), ("forum", "a\u200bda"), ("forum", "\ud800")):
        assert handle(platform, name) is None


def test_a_platform_that_was_renamed_is_one_under_both_names() -> None:
    assert handle("Twitter", "@Ada") == handle("x", "ada") == "social_handle:x/ada"
    assert identifier("social_handle:twitter/ada") == identifier("social_handle:Twitter/Ada") == "social_handle:x/ada"


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("Ada@Example.com", "email:ada@example.com"),
        ("email:Ada@Example.com", "email:ada@example.com"),
        ("0044 20 7946 0018", "phone_e164:+442079460018"),
        ("phone_e164:+44 20 7946 0018", "phone_e164:+442079460018"),
        ("helpdesk_user:desk/7", "helpdesk_user:desk/7"),
        ("crm_contact:crm/00Q", "crm_contact:crm/00Q"),
    ],
)
def test_a_caller_may_spell_an_identifier_in_its_usual_ways(text: str, key: str) -> None:
    assert identifier(text) == readable(text) == key


@pytest.mark.parametrize(
    "text",
    [
        "",
        "ada",
        "020 7946 0018",
        "email:ada",
        "phone_e164:020 7946 0018",
        "fax:+442079460018",
        "helpdesk_user:",
        "helpdesk_user:  ",
        "helpdesk_user:desk/\ud800",
        "social_handle:ada",
        "social_handle:forum/",
    ],
)
def test_what_is_no_identifier_is_refused_without_being_repeated(text: str) -> None:
    with pytest.raises(DataInvalid) as refused:
        identifier(text)
    value = text.partition(":")[2] or text
    assert not value.strip() or ascii(value)[1:-1] not in str(refused.value)
    assert readable(text) is None


# Shared addresses


@pytest.mark.parametrize("name", sorted(ROLE_NAMES))
def test_a_role_is_nobody_in_any_spelling(name: str) -> None:
    for address in (f"{name}@example.com", f"{name.upper()}@example.com", f"{name}+shop@example.com"):
        key = email(address)
        assert key is not None
        assert is_shared(key)


@pytest.mark.parametrize(
    "text",
    ["ada@example.com", "ada+info@example.com", "info.ada@example.com", "ada@info.example", "+442079460018"],
)
def test_a_person_is_not_shared(text: str) -> None:
    assert not is_shared(identifier(text))


def test_a_service_id_that_looks_like_a_role_is_not_shared() -> None:
    assert not is_shared("helpdesk_user:desk/info@example.com")


# What holdouts choose by


@pytest.mark.parametrize("prefix", ["email:", "phone_e164:"])
def test_the_order_of_identifiers_changes_no_bucket(prefix: str) -> None:
    known = [f"{prefix}{letter}" for letter in "abc"]
    assert len({bucketing_id(order) for order in permutations([*known, "social_handle:a/b"])}) == 1


def test_a_bucket_goes_by_the_first_address_and_stays_when_anything_but_an_earlier_address_comes() -> None:
    own = ["helpdesk_user:desk/7", "email:b@x.example", "email:c@x.example"]
    assert bucketing_id(own) == bucketing_id(["email:b@x.example"])
    assert bucketing_id([*own, "device:1", "crm_contact:crm/1", "phone_e164:+4915112345678"]) == bucketing_id(own)
    assert bucketing_id([*own, "email:a@x.example"]) != bucketing_id(own)
    assert bucketing_id(["helpdesk_user:desk/7", "external_id:shop/7"]) == bucketing_id(["external_id:shop/7"])


def test_a_bucket_is_the_hash_that_is_written_down_and_no_address() -> None:
    expected = hashlib.sha256(b"email:ada@x.example").hexdigest()[:32]
    assert bucketing_id(["email:ada@x.example"]) == expected
    with pytest.raises(ValueError, match="empty"):
        bucketing_id([])
