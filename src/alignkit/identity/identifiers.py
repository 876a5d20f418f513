"""Writes identifiers so that equal ones are one text, and two people never come to share one.

An identifier is written `namespace:value`. E-mail addresses are compared after Unicode NFC, letter by letter in lower
case, which keeps `ß` and `ss` apart; their domain label by label as IDNA 2008 does, without the mappings of IDNA 2003.
Plus-tags and dots stay, because only some providers ignore them. Phone numbers must be international (`+` or `00`),
since a national number means different people in different countries. Handles need their platform. Ids of a service are
kept as they are, under the service's name. What cannot be read names nobody.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Iterable

from alignkit.errors import DataInvalid
from alignkit.models.vocabulary import Namespace

_NAMESPACES = frozenset(namespace.value for namespace in Namespace)
_LONGEST_ADDRESS = 320
_LONGEST_DOMAIN, _LONGEST_LABEL = 253, 63
_NAME = re.compile(r"[^\x00-\x20\x7f\"(),:;<>@\[\\\]]+")
_LABEL = r"[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?"
_DOMAIN = re.compile(rf"{_LABEL}(?:\.{_LABEL})*")
_FULL_STOPS = str.maketrans("\u3002\uff0e\uff61", "...")

# What nearly every address and handle looks like: nothing about it needs a second look.
_PLAIN = re.compile(r"[A-Za-z0-9_.+-]{1,64}@(?:[A-Za-z0-9]{1,60}\.){1,3}[A-Za-z]{2,60}")
_PLAIN_HANDLE = re.compile(r"(?!twitter/)[a-z0-9_.-]{1,60}/[a-z0-9_.:-][a-z0-9_.:/@-]{0,200}")
_LONGEST_NUMBER = 40
_PHONE_MARKS = re.compile(r"[\s./\-\u2010-\u2015]")
_PHONE = re.compile(r"\+[1-9][0-9]{6,14}")
# Dialled at home and dropped from abroad, except in Italy, San Marino and the Vatican, where it belongs to the number.
_TRUNK_ZERO = re.compile(r"((?:\+|00)(?!39|37[89])[1-9][0-9]{0,2})\(0\)")
_TWO_NUMBERS = re.compile(r"/\s*[0-9]{1,3}\Z")

# Copied along with an address by programs that show it among right-to-left text; never a part of it.
_EDGES = "\u200b\u200c\u200d\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2060\u2066\u2067\u2068\u2069\ufeff"
# Control, format, surrogate and separator characters: what nobody sees can tell no two people apart.
_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp", "Zs"})
_SURROGATE = re.compile("[\ud800-\udfff]")

ROLE_NAMES = frozenset(
    [
        "abuse",
        "accounting",
        "accounts",
        "admin",
        "administrator",
        "all",
        "billing",
        "bookings",
        "bounce",
        "bounces",
        "careers",
        "contact",
        "contacts",
        "customerservice",
        "customersupport",
        "do-not-reply",
        "do_not_reply",
        "donotreply",
        "enquiries",
        "everyone",
        "feedback",
        "finance",
        "hello",
        "help",
        "helpdesk",
        "hostmaster",
        "hr",
        "info",
        "inquiries",
        "invoices",
        "it",
        "jobs",
        "legal",
        "mail",
        "mailer-daemon",
        "marketing",
        "media",
        "news",
        "newsletter",
        "no-reply",
        "no_reply",
        "nobody",
        "noreply",
        "notifications",
        "office",
        "operations",
        "orders",
        "partners",
        "post",
        "postmaster",
        "press",
        "privacy",
        "purchasing",
        "reception",
        "recruiting",
        "reservations",
        "root",
        "sales",
        "security",
        "service",
        "services",
        "shop",
        "staff",
        "subscriptions",
        "support",
        "sysadmin",
        "team",
        "tech",
        "webmaster",
    ]
)
"""Names before the `@` that stand for a role and not for one person (RFC 2142 and common use)."""


def email(address: str) -> str | None:
    """The identifier of an e-mail address; None where it cannot be one.

    Sources: RFC 5321 (a name in quotation marks is the name without them), RFC 6531, RFC 5891.
    """
    if _PLAIN.fullmatch(address):
        return "email:" + address.lower()
    text = _compared(address)
    if text is None:
        return None
    name, _, host = text.rpartition("@")
    if len(name) > 2 and name[0] == name[-1] == '"':
        name = name[1:-1]
    domain = _domain(host)
    return f"email:{name}@{domain}" if domain and _NAME.fullmatch(name) else None


def _compared(text: str) -> str | None:
    """The text as it is compared with others; None where it is too long or holds what nobody can see.

    Each letter is put in lower case by itself: Python would write the last sigma of a word in another way, and
    `casefold` would make one of `ß` and `ss`.
    """
    text = text.strip() if text.isascii() else _trimmed(text)
    if len(text) > _LONGEST_ADDRESS:
        return None
    if text.isascii():
        return text.lower()
    text = unicodedata.normalize("NFC", text)
    is_plain = text.isprintable() and " " not in text  # then nothing in it is unseen, and no letter needs a look
    if not is_plain and any(unicodedata.category(letter) in _UNSEEN for letter in text):
        return None
    return unicodedata.normalize("NFC", "".join(map(str.lower, text)))


def _trimmed(text: str) -> str:
    text = text.strip()
    return text if text.isascii() else text.strip(_EDGES).strip()


def _domain(host: str) -> str | None:
    """The domain in ASCII, each label with other letters as its A-label; None where it cannot be a domain."""
    if not host.isascii():
        host = ".".join(map(_a_label, host.translate(_FULL_STOPS).split(".")))
    host = host.removesuffix(".")
    if len(host) > _LONGEST_DOMAIN or not _DOMAIN.fullmatch(host):
        return None
    return None if any(len(label) > _LONGEST_LABEL for label in host.split(".")) else host


def _a_label(label: str) -> str:
    return label if label.isascii() else "xn--" + label.encode("punycode").decode("ascii")


def phone(number: str) -> str | None:
    """The identifier of an international phone number; None for a national or unreadable one, or one of several.

    Source: ITU-T E.164.
    """
    if _PHONE.fullmatch(number):
        return "phone_e164:" + number
    text = _trimmed(number)
    if len(text) > _LONGEST_NUMBER or _TWO_NUMBERS.search(text):
        return None
    if not text.isascii():
        text = "".join(map(_ascii_digit, text))
    text = _TRUNK_ZERO.sub(r"\1", _PHONE_MARKS.sub("", text), count=1)
    digits = text.replace("(", "").replace(")", "")
    if digits.startswith("00"):
        digits = "+" + digits[2:]
    return f"phone_e164:{digits}" if _PHONE.fullmatch(digits) else None


def _ascii_digit(letter: str) -> str:
    if letter == "\uff0b":
        return "+"
    value = unicodedata.decimal(letter, None)
    return letter if value is None else str(value)


def handle(platform: str, name: str) -> str | None:
    """The identifier of somebody by the name that one platform knows them by, with or without its `@`."""
    place, found = _compared(platform), _compared(name)
    found = found.removeprefix("@") if found else None
    return f"social_handle:{_RENAMED.get(place, place)}/{found}" if place and found else None


_RENAMED = {"twitter": "x"}
"""What helpdesks still call a platform -> its name, under which people are known there."""


def of_service(namespace: Namespace, source: str, value: str) -> str:
    """The identifier of somebody by an id of one service."""
    return f"{namespace.value}:{source}/{value}"


def identifier(text: str) -> str:
    """The identifier that a caller means: `namespace:value`, an e-mail address, or an international phone number.

    Raises:
        DataInvalid: the text is none of these.
    """
    if _PLAIN.fullmatch(text):
        return "email:" + text.lower()
    namespace, colon, value = text.partition(":")
    if colon and namespace in _NAMESPACES:
        return _in_namespace(namespace, value)
    found = email(text) if "@" in text else phone(text)
    if found is None:
        raise DataInvalid(
            "this is no identifier; give an e-mail address, an international phone number, or `namespace:value` "
            f"with a namespace of {', '.join(sorted(_NAMESPACES))}"
        )
    return found


def _in_namespace(namespace: str, value: str) -> str:
    found: str | None
    match namespace:
        case Namespace.EMAIL:
            found = email(value)
        case Namespace.PHONE:
            found = phone(value)
        case Namespace.SOCIAL_HANDLE:
            found = written_handle(value)
        case _:
            found = f"{namespace}:{value}" if value.strip() and not _SURROGATE.search(value) else None
    if found is None:
        raise DataInvalid(f"this value is none of the namespace `{namespace}`")
    return found


def written_handle(text: str) -> str | None:
    """The identifier of `platform/handle`; None where no platform is named, since many people share a bare handle."""
    if _PLAIN_HANDLE.fullmatch(text):
        return "social_handle:" + text
    platform, slash, name = text.partition("/")
    return handle(platform, name) if slash else None


def bucketing_id(identifiers: Iterable[str]) -> str:
    """What holdouts choose a customer by: 32 hex digits of the hash of one of their identifiers.

    It is the first by code point of their e-mail addresses, or of all identifiers where they have none. So every store
    that knows the same identifiers gives the same, in whatever order they came; of two customers who become one, one
    keeps theirs, and an undone merge gives both their own again.

    Raises:
        ValueError: there are no identifiers.
    """
    known = list(identifiers)
    first = min([one for one in known if one.startswith("email:")] or known)
    return hashlib.sha256(first.encode()).hexdigest()[:32]


def is_shared(known: str) -> bool:
    """Whether an identifier stands for a role or a shared mailbox, so that it never links two people."""
    if not known.startswith("email:"):
        return False
    name = known[6:].rpartition("@")[0].partition("+")[0]
    return name in ROLE_NAMES


def readable(text: str) -> str | None:
    """The identifier that a record spells out, or None where it cannot be one."""
    try:
        return identifier(text)
    except DataInvalid:
        return None
