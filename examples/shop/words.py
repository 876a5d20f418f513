"""What the shop's customers are called and what they write about."""

from dataclasses import dataclass

FIRST_NAMES = (
    "Ada", "Aisha", "Akira", "Alejandra", "Amara", "Amir", "Ana", "Anaïs", "Anders", "Anjali",
    "Arjun", "Astrid", "Ayodele", "Beatriz", "Bo", "Camille", "Chidi", "Chiara", "Dalia", "Daniel",
    "David", "Dimitra", "Eilidh", "Elif", "Emeka", "Emma", "Esra", "Farah", "Fatima", "Femi",
    "Finn", "Gabriela", "Giulia", "Hana", "Hanna", "Hiroshi", "Ibrahim", "Ines", "Ingrid", "Ivan",
    "Jamal", "Jana", "Joao", "Jonas", "Julia", "Kaito", "Karim", "Katarina", "Kwame", "Lars",
    "Layla", "Leila", "Lena", "Linh", "Lucía", "Łukasz", "Maja", "Malik", "Marek", "Maria", "Mateo",
    "Mei", "Mehmet", "Milan", "Mina", "Nadia", "Nia", "Noah", "Olga", "Omar", "Oskar", "Paolo",
    "Petra", "Priya", "Rafael", "Ravi", "Rosa", "Sami", "Sana", "Sanne", "Sofia", "Søren", "Tariq",
    "Tomas", "Thandi", "Uma", "Valentina", "Wei", "Yara", "Yusuf", "Zainab", "Zoë",
)  # fmt: skip
LAST_NAMES = (
    "Abara", "Adeyemi", "Almeida", "Anders", "Bakker", "Balogun", "Banerjee", "Becker", "Bergström",
    "Bianchi", "Castillo", "Chen", "Costa", "Dahl", "Demir", "Diallo", "Dubois", "Eriksen",
    "Farouk", "Fernández", "Fischer", "Gallo", "García", "Ghosh", "Haddad", "Hansen", "Hoang",
    "Horvat", "Ito", "Ivanova", "Jansen", "Kaya", "Khalil", "Kim", "Klein", "Kowalski", "Kumar",
    "Lambert", "Larsen", "Lindqvist", "Lopes", "Mahlangu", "Marino", "Mbeki", "Meyer", "Moreau",
    "Müller", "Nakamura", "Ndiaye", "Nguyen", "Novák", "Nowak", "Obi", "Okafor", "Okoye", "Olsen",
    "Osei", "Öztürk", "Papadaki", "Park", "Patel", "Petrov", "Pham", "Popescu", "Quist", "Rahman",
    "Reyes", "Ricci", "Rossi", "Said", "Santos", "Sato", "Schmidt", "Sharma", "Silva", "Singh",
    "Suzuki", "Tanaka", "Torres", "Tran", "Vargas", "Virtanen", "Wagner", "Weiss", "Yılmaz",
    "Zhang",
)  # fmt: skip
COMPANIES = (
    "Blumen Krause",
    "Atelier Dubois",
    "Novak Interiors",
    "Kaya Hotels",
    "Olsen Bokhandel",
    "Bakker Koffie",
    "Patel & Sons",
    "Studio Marino",
    "Torres Catering",
    "Virtanen Design",
    "Nowak Press",
    "Silva Gardens",
    "Weiss Dental",
    "Okafor Events",
)
MAIL_DOMAINS = (
    "example.com",
    "example.org",
    "example.net",
    "mail.example.com",
    "post.example.net",
    "inbox.example.org",
)
ROLE_NAMES = ("info", "office", "orders", "hello")

LOCALES = {
    "DE": ("de", "Berlin", "Europe/Berlin"),
    "GB": ("en-GB", "London", "Europe/London"),
    "FR": ("fr", "Paris", "Europe/Paris"),
    "NL": ("nl", "Amsterdam", "Europe/Amsterdam"),
    "PL": ("pl", "Warsaw", "Europe/Warsaw"),
    "ES": ("es", "Madrid", "Europe/Madrid"),
    "IT": ("it", "Rome", "Europe/Rome"),
    "SE": ("sv", "Stockholm", "Europe/Stockholm"),
}
"""Country code -> Zendesk's locale, time zone and IANA time zone."""
COUNTRY_WEIGHTS = (34, 20, 12, 10, 8, 6, 6, 4)


@dataclass(frozen=True, slots=True)
class Topic:
    """One thing people write about; subjects and texts take `{order}`."""

    reason: str
    kind: str | None
    letters: tuple[tuple[str, str], ...]
    """Subject and text."""


LATE = Topic(
    "delivery_late",
    "question",
    (
        ("Where is my parcel?", "I ordered ten days ago and {order} has not arrived."),
        ("Order {order} still not here", "You promised it for last week. Can you ask the courier?"),
        ("Parcel a week late", "It was a birthday present, and the birthday is over."),
        ("Tracking has not moved since Monday", "The tracking page for {order} has said “in transit” for days."),
    ),
)
WRONG_SIZE = Topic(
    "wrong_size",
    "question",
    (
        ("Wrong size", "The jumper in {order} is too small, I would like an L."),
        ("Shoes too small, can I swap?", "I ordered 42 and the box says 42, but they fit like a 41."),
        ("Exchange for {order}", "The coat is lovely but two sizes too big. How do I swap it?"),
    ),
)
WRONG_ITEM = Topic(
    "wrong_item",
    "problem",
    (
        ("Wrong item in the box", "There was a lamp in the box, I ordered a rug ({order})."),
        ("This is not what I ordered", "The cushion is green. I ordered the blue one."),
        ("Item missing from {order}", "One of the three items on the slip is not in the box."),
    ),
)
DAMAGED = Topic(
    "damaged",
    "problem",
    (
        ("Vase arrived broken", "The box was crushed and the vase in it is in pieces."),
        ("Damaged on arrival", "Two of the six glasses in {order} are cracked."),
        ("Scratched table, order {order}", "The table top has a scratch as long as my hand."),
    ),
)
REFUND = Topic(
    "refund",
    "question",
    (
        ("Refund not received", "I sent {order} back two weeks ago and see no refund."),
        ("When do I get my money back?", "You confirmed the refund, my bank shows nothing."),
        ("Refund for {order}", "You refunded the shoes but not the postage."),
    ),
)
VOUCHER = Topic(
    "voucher",
    "problem",
    (
        ("Voucher code not working", "The code says “expired” but your mail says end of the month."),
        ("WELCOME10 is rejected", "It says the code is for new customers. I am one."),
        ("Discount missing on {order}", "The shop showed the discount and then charged the full price."),
    ),
)
LOGIN = Topic(
    "login",
    "problem",
    (
        ("Cannot log in", "The page loads again and again after I press the button."),
        ("Password reset mail never arrives", "I asked for a reset three times and no mail came."),
        ("Account locked", "It says my account is locked. I only tried twice."),
    ),
)
QUESTION = Topic(
    "product_question",
    "question",
    (
        ("Is the oak shelf coming back?", "Will it be in stock again this spring?"),
        ("Washing instructions?", "Can the linen cover go in the dryer?"),
        ("Do you ship to Norway?", "I am moving in April and would like to order before."),
    ),
)
BILLING = Topic(
    "billing",
    "problem",
    (
        ("Charged twice", "My card was charged twice for {order}."),
        ("Invoice shows the wrong address", "We moved in January. Please write {order}'s invoice anew."),
        ("Invoice for {order}", "Please send the invoice with our VAT number on it."),
    ),
)
UNSUBSCRIBE = Topic(
    "unsubscribe_request",
    "task",
    (
        ("Please stop the newsletter", "I no longer want it. Please take me off the list."),
        ("Unsubscribe me", "The link at the end of your mail does nothing."),
    ),
)
FRAUD = Topic(
    "payment_fraud",
    "incident",
    (
        ("Somebody ordered with my account", "There is an order {order} that I did not place. Please stop it at once."),
        ("I did not place order {order}", "My card was used in the night. What do you know about it?"),
        ("Charged three times!", "My rent is due tomorrow and you took {order} from me three times."),
    ),
)
OUTAGE = Topic(
    "courier_outage",
    "incident",
    (
        ("Delivery cancelled without a word", "I waited all day. Then a text: delivery cancelled."),
        ("Courier says parcel unknown", "The courier's page says {order} does not exist."),
        ("{order} not delivered today", "It was out for delivery at nine and at noon it was not."),
    ),
)
COURIER_DOWN = Topic(
    "courier_outage",
    "problem",
    (
        (
            "Courier depot system down",
            "The courier's depot cannot scan parcels since 11:40. Link all tickets about it here.",
        ),
    ),
)
SPAM = Topic(
    "other",
    None,
    (
        ("Rank first in search today", "Dear owner, we noticed that your website could rank higher."),
        ("Your invoice is attached", "Open the attached document within 24 hours."),
        ("Partnership proposal!!!", "We sell quality leads to shops like yours."),
    ),
)
INTERNAL = Topic(
    "internal",
    "task",
    (
        ("Shelf B4 count is off", "The system says twelve lamps, I count nine."),
        ("Rota for Easter", "Please write down who can work on the Saturday."),
        ("Macro for returns needs a new link", "The form moved and customers land on the old page."),
        ("Printer in returns", "It takes every second label only."),
    ),
)
CAMPAIGN = Topic(
    "spring_offer",
    None,
    (
        ("Your early look at spring", "Our spring collection is here. Reply and we keep a piece for you."),
        ("A spring offer for you", "Ten percent on everything linen, until Sunday."),
    ),
)
AUTOREPLY = Topic(
    "spring_offer",
    None,
    (
        ("Automatic reply: Your early look at spring", "I am away until the 9th and will answer after that."),
        ("Out of office: A spring offer for you", "This mailbox is read on weekdays only."),
    ),
)
CAMPAIGN_COMPLAINT = Topic(
    "delivery_late",
    "problem",
    (
        ("Re: Your early look at spring", "Before you send me offers: where is {order}? Nobody answers me."),
        ("Re: A spring offer for you", "No linen for me until {order} is here. It is three weeks late."),
    ),
)

EVERYDAY = (LATE, WRONG_SIZE, WRONG_ITEM, DAMAGED, REFUND, VOUCHER, LOGIN, QUESTION, BILLING, UNSUBSCRIBE)
EVERYDAY_WEIGHTS = (24, 16, 8, 8, 14, 9, 8, 9, 6, 1)

PRAISE = ("Quick and friendly, thank you!", "Solved in one go.", None)
COMPLAINTS = (
    "Took far too long.",
    "I had to explain it three times.",
    "Still no refund, and you call it solved?",
    None,
)
