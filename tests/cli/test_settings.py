"""The settings file is refused where it is wrong, with the place; secrets come from the environment alone."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from alignkit.cli import settings as module
from alignkit.cli.settings import Settings, find
from alignkit.connectors import AudienceFile, Export, Mailman, RequestTracker
from alignkit.errors import PolicyInvalid, SettingsError
from alignkit.models import Category, Channel, Message

DESK = '[sources.desk]\nconnector = "request_tracker"\nbase_url = "https://rt.example.com"\n'
LISTS = """
[destinations.lists]
connector = "mailman"
base_url = { env = "LISTS_URL" }
username = "restadmin"
password = { env = "LISTS_PASSWORD" }
list_id = "offers.example.com"
"""


def read(folder: Path, text: str) -> Settings:
    (folder / "alignkit.toml").write_text(text, "utf-8")
    return Settings(folder / "alignkit.toml")


def test_an_empty_file_has_a_store_beside_it_and_the_starter_policy(tmp_path: Path) -> None:
    settings = read(tmp_path, "")
    assert settings.store == tmp_path / "align.db"
    assert settings.policy().name == "starter"


def test_everything_it_names_can_be_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RT_TOKEN", "sample-token")
    monkeypatch.setenv("LISTS_URL", "https://lists.example.com")
    monkeypatch.setenv("LISTS_PASSWORD", "sample-password")
    settings = read(tmp_path, DESK + 'token = { env = "RT_TOKEN" }\n' + LISTS)
    source, sink = settings.source("desk"), settings.destination("lists")
    assert isinstance(source, RequestTracker)
    assert isinstance(sink, Mailman)
    assert (source.name, sink.name) == ("desk", "lists")
    assert "sample-" not in repr(vars(source)) + repr(vars(sink)) + repr(settings.file)


def test_relative_paths_start_at_the_settings_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "shop"
    folder.mkdir()
    (folder / "policy.toml").write_text('name = "house"\n')
    text = """
store = "data/align.db"
policy = "policy.toml"

[sources.desk]
connector = "export"
path = "exports"

[destinations.list]
connector = "audience_file"
path = "audience.csv"
held_path = "/srv/held.csv"
"""
    read(folder, text)
    monkeypatch.chdir(tmp_path)
    settings = find(Path("shop/alignkit.toml"))
    source, sink = settings.source("desk"), settings.destination("list")
    assert isinstance(source, Export)
    assert isinstance(sink, AudienceFile)
    assert (settings.store, settings.policy().name) == (folder / "data/align.db", "house")
    assert (Path(source.path), sink.path) == (folder / "exports", folder / "audience.csv")
    assert sink.held_path == Path("/srv/held.csv")


def test_streams_are_left_out_of_a_source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RT_TOKEN", "sample-token")
    desk = DESK + 'token = { env = "RT_TOKEN" }\n'
    assert read(tmp_path, desk + 'without = ["users"]\n').source("desk").wanted_streams == ("tickets",)
    with pytest.raises(SettingsError, match=r"`sources.desk.without`: `desk` has no stream `user`; its streams are"):
        read(tmp_path, desk + 'without = ["user"]\n').source("desk")


def test_a_preset_takes_parameters_and_expects_every_source(tmp_path: Path) -> None:
    settings = read(tmp_path, DESK + '[policy]\npreset = "starter"\nparameters = { cool_down = "24h" }\n')
    policy = settings.policy()
    assert policy.expects == ("desk",)
    assert any("24 hours" in rule.reason for rule in policy.rules)
    assert read(tmp_path, DESK + "[policy.parameters]\nexpects = []\n").policy().expects == ()


def test_shadows_are_files_and_presets_that_do_not_act(tmp_path: Path) -> None:
    (tmp_path / "easy.toml").write_text('name = "easy"\nmode = "observe"\n')
    text = """shadows = ["easy.toml", { preset = "shop" }, { preset = "saas", parameters = { mode = "observe" } }]\n"""
    told = [(policy.name, policy.mode, policy.expects) for policy in read(tmp_path, text + DESK).shadows()]
    assert told == [("easy", "observe", ()), ("shop", "shadow", ("desk",)), ("saas", "observe", ("desk",))]
    assert read(tmp_path, "").shadows() == []


def test_a_message_is_taken_by_name(tmp_path: Path) -> None:
    text = '[messages.offer]\ncategory = "promotional"\nchannel = "email"\ncampaign_id = "spring"\n'
    offer = Message(category=Category.PROMOTIONAL, channel=Channel.EMAIL, campaign_id="spring")
    assert read(tmp_path, text).message("offer") == offer
    assert read(tmp_path, text).message(None) == offer, "the only one there is"
    two = read(tmp_path, text + '[messages.news]\ncategory = "newsletter"\nchannel = "email"\n')
    with pytest.raises(SettingsError, match="say which message"):
        two.message(None)
    with pytest.raises(SettingsError, match="there are `offer`, `news`"):
        two.message("other")


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("stroe = 'align.db'", "`stroe` is not known"),
        ("[sources.desk]\npath = 'x'", "`sources.desk.connector` is missing"),
        ("[policy]\npreset = 'starter'\nparameter = {}", "`policy.parameter` is not known"),
        ("[policy]\npreset = 'strict'", "were refused: `policy.preset`: input should be 'starter'"),
        ("[messages.offer]\ncategory = 'promotional'", "`messages.offer.channel` is missing"),
        ("[messages.offer]\ncategory = 'ad'\nchannel = 'email'", "`messages.offer.category`"),
        ("[messages.offer]\ncategory = 'legal'\nchannel = 'email'\ncolour = 'red'", "`messages.offer.colour`"),
        ("[sources]\nconnector = 'export'", "`sources.connector` must be a table"),
        ("sources = []", "`sources` must be a table"),
        ("store = 1", "`store`: input should be a valid string"),
        ("shadows = [{ preset = 'strict' }]", "`shadows.0.preset`: input should be 'starter'"),
        ("store = ", "is not TOML"),
        ("a" + ".a" * 80_000 + " = 1", "has a key of more than 8 parts"),
        ("#" * 1_000_001, "is larger than 1,000,000 bytes"),
        ("a = 1\nb = 1\nc = 1\nd = 1\ne = 1", "and 2 more"),
    ],
)
def test_what_is_wrong_in_the_file_is_named_with_its_place(tmp_path: Path, text: str, what: str) -> None:
    with pytest.raises(SettingsError) as raised:
        read(tmp_path, text)
    assert what in str(raised.value)
    assert "alignkit.toml" in str(raised.value)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("", "there is no `[sources.desk]` in the settings; there are none"),
        (DESK, "`sources.desk`: `request_tracker` cannot be set up: "),
        (DESK + "tokn = 'x'", "`sources.desk.tokn` is not known to `request_tracker`; remove it or correct"),
        (DESK.replace("request_tracker", "rt"), "`sources.desk.connector`: there is no connector `rt`"),
        (DESK.replace("request_tracker", "mailman"), "belongs under `[destinations.desk]`"),
        (DESK + "token = { env = 'NOT_THERE' }", "`sources.desk.token`: the environment variable `NOT_THERE` is not"),
        (DESK + "token = { env = 'not a name' }", "`env` is the name of an environment variable"),
        ("[sources.desk]\nconnector = 'export'", "`sources.desk.path` is missing; add it"),
        ("[sources.desk]\nconnector = 'export'\npath = 'x'\ncolour = 'red'", "`colour` is not known; remove it"),
        ("[sources.desk]\nconnector = 'export'\npath = 3", "`sources.desk.path` is a path"),
        ("[sources.desk]\nconnector = 'export'\npath = 'x'\nmapping = 3", "`mapping`: input should be a valid string"),
        ("[sources.desk]\nconnector = 'export'\npath = 'x'\nname = 'y'", "`sources.desk.name` is not known"),
    ],
)
def test_what_is_wrong_with_a_source_is_named_when_it_is_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, what: str
) -> None:
    monkeypatch.delenv("NOT_THERE", raising=False)
    settings = read(tmp_path, text)
    with pytest.raises(SettingsError) as raised:
        settings.source("desk")
    assert what in str(raised.value)


def test_a_secret_in_the_file_is_refused_and_never_repeated(tmp_path: Path) -> None:
    settings = read(tmp_path, DESK + 'token = "sample-token"\n')
    with pytest.raises(SettingsError) as raised:
        settings.source("desk")
    assert 'write `token = { env = "TOKEN" }`' in str(raised.value)
    assert "sample-token" not in str(raised.value)
    open_ended = read(tmp_path, '[sources.desk]\nconnector = "export"\npath = "x"\nhelp_token = "sample-token"\n')
    with pytest.raises(SettingsError, match="is a secret"):
        open_ended.source("desk")


def test_a_preset_with_a_wrong_parameter_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PolicyInvalid, match="cool_dwon"):
        read(tmp_path, "[policy.parameters]\ncool_dwon = '1h'\n").policy()


def test_the_file_is_found_by_option_then_environment_then_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("named.toml", "variable.toml", module.DEFAULT):
        (tmp_path / name).write_text("")
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv(module.VARIABLE, raising=False)
    assert find(None).path.name == module.DEFAULT
    monkeypatch.setenv(module.VARIABLE, "variable.toml")
    assert find(None).path.name == "variable.toml"
    assert find(Path("named.toml")).path.name == "named.toml"


@pytest.mark.parametrize("make", ["missing", "folder", "latin"])
def test_a_file_that_cannot_be_read_is_said_to_be(tmp_path: Path, make: str) -> None:
    path = tmp_path / "alignkit.toml"
    if make == "folder":
        path.mkdir()
    elif make == "latin":
        path.write_bytes('store = "ä.db"'.encode("latin-1"))
    with pytest.raises(SettingsError) as raised:
        Settings(path)
    assert "alignkit.toml" in str(raised.value)


def test_nothing_is_asked_of_the_environment_before_it_is_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("RT_TOKEN", raising=False)
    assert "RT_TOKEN" not in os.environ
    assert read(tmp_path, DESK + 'token = { env = "RT_TOKEN" }\n').policy().expects == ("desk",)
