"""What the environment may say, and what production refuses."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest

from desk.environment import SettingsError, read_environment

SECRET = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGH"


#: 32 random bytes each.
NEW_KEY, OLD_KEY = (base64.b64encode(bytes(range(at, at + 32))).decode() for at in (0, 100))


def production(clinic: Path, **changed: str) -> dict[str, str]:
    return {
        "DESK_PRODUCTION": "1",
        "DESK_SECRET": SECRET,
        "DESK_HOSTS": "desk.example.jp",
        "DESK_DATA": str(clinic),
        "DESK_KEYS": f"2026:{NEW_KEY}",
        **changed,
    }


def test_without_variables_there_is_a_desk_for_one_machine(tmp_path: Path) -> None:
    environment = read_environment({}, tmp_path)
    assert not environment.production
    assert environment.database == f"sqlite:///{tmp_path / 'desk.sqlite3'}"
    assert environment.rasa == ("http://127.0.0.1:5005",)
    assert environment.api_tokens == ()


@pytest.mark.parametrize(
    ("given", "servers"),
    [
        ({"RASA_URL": "http://a:5005, https://b/"}, ("http://a:5005", "https://b")),
        ({"RASA_PORT": "5005,5006"}, ("http://127.0.0.1:5005", "http://127.0.0.1:5006")),
        ({"RASA_URL": "http://a:5005", "RASA_PORT": "1,2"}, ("http://a:5005",)),
    ],
)
def test_there_may_be_several_rasa_servers(
    tmp_path: Path, given: dict[str, str], servers: tuple[str, ...]
) -> None:
    assert read_environment(given, tmp_path).rasa == servers


def test_secret_of_this_machine_is_made_once_and_readable_by_its_owner_only(
    tmp_path: Path,
) -> None:
    first = read_environment({}, tmp_path).secret
    assert len(first) > 40
    assert read_environment({}, tmp_path).secret == first
    assert (tmp_path / "secret").stat().st_mode & 0o077 == 0
    assert sorted(p.name for p in tmp_path.iterdir()) == ["seal-key", "secret"]


def test_production_is_accepted_when_everything_is_fit(clinic: Path) -> None:
    environment = read_environment(production(clinic))
    assert environment.production
    assert environment.origins == ("https://desk.example.jp",)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"DESK_SECRET": ""}, "DESK_SECRET に、40 文字以上"),
        ({"DESK_SECRET": "short"}, "DESK_SECRET に、40 文字以上"),
        ({"DESK_SECRET": "a" * 60}, "DESK_SECRET に、40 文字以上"),
        ({"DESK_KEYS": ""}, "DESK_KEYS に、患者さんの文を暗号化する鍵"),
        ({"DESK_DEBUG": "1"}, "DESK_DEBUG=1 を使えません"),
        ({"DESK_HOSTS": ""}, "DESK_HOSTS に"),
        ({"DESK_HOSTS": "localhost,127.0.0.1,[::1]"}, "DESK_HOSTS に"),
        ({"DESK_DATA": "data"}, "デモ用の医院のまま"),
        ({"DESK_DATA": "nowhere"}, "デモ用の医院のまま"),
        ({"DESK_WEB_ORIGINS": "http://a.example"}, "https:// で始まる住所だけ"),
        ({"DESK_METRICS": "0.0.0.0:9100"}, "DESK_METRICS に、どこからでも届く住所"),
        ({"DESK_METRICS": "[::]:9100"}, "DESK_METRICS に、どこからでも届く住所"),
        ({"DESK_SECRET_FALLBACKS": "short"}, "DESK_SECRET_FALLBACKS も、それぞれ 40 文字以上"),
        ({"DESK_SECRET_FALLBACKS": f"{SECRET},{'a' * 60}"}, "DESK_SECRET_FALLBACKS も"),
    ],
)
def test_production_refuses_what_is_not_fit(
    clinic: Path, changed: dict[str, str], said: str
) -> None:
    with pytest.raises(SettingsError, match=said):
        read_environment(production(clinic, **changed))


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("DESK_PRODUCTION", "yes", "DESK_PRODUCTION は 1 か 0 に"),
        ("DESK_RASA_SECONDS", "soon", "DESK_RASA_SECONDS は 0.1 から 60 まで"),
        ("DESK_RASA_SECONDS", "0", "DESK_RASA_SECONDS は 0.1 から 60 まで"),
        ("DESK_SESSION_MINUTES", "0", "DESK_SESSION_MINUTES は 0.01 から 720 まで"),
        ("DESK_WORKERS", "-1", "DESK_WORKERS は 1 から 200 まで"),
        ("RASA_URL", "rasa:5005", "RASA_URL は http://"),
        ("RASA_URL", "http://a,b", "今は「b」"),
        ("DESK_API_CALLBACK", "ftp://a", "DESK_API_CALLBACK は http://"),
        ("DESK_API_TOKENS", "short", "それぞれ 40 文字以上"),
        ("DESK_BROKER", "kafka://127.0.0.1", "DESK_BROKER は redis://、rediss://、amqp://"),
        ("DESK_WEB_ORIGINS", "www.clinic.example.jp", "DESK_WEB_ORIGINS は、ページの住所"),
        ("DESK_WEB_ORIGINS", "https://a.example/", "今は「https://a.example/」"),
        ("DESK_WEB_ORIGINS", "https://a.example,*", "今は「\\*」"),
        ("DESK_WEB_ORIGINS", "https://*.a.example", "DESK_WEB_ORIGINS は"),
        ("DESK_WEB_ORIGINS", "https://A.example", "DESK_WEB_ORIGINS は"),
        ("DESK_WEB_SESSIONS_A_MINUTE", "0", "DESK_WEB_SESSIONS_A_MINUTE は 1 から"),
        ("DESK_LOG", "xml", "DESK_LOG は json、text のどれか"),
        ("DESK_METRICS", "9100", "DESK_METRICS は、この機械か院内の網"),
        ("DESK_METRICS", "desk.example.jp:9100", "DESK_METRICS は、この機械か院内の網"),
        ("DESK_METRICS", "203.0.113.7:9100", "DESK_METRICS は、この機械か院内の網"),
        ("DESK_METRICS", "[2001:db8::1]:9100", "DESK_METRICS は、この機械か院内の網"),
        ("DESK_METRICS", "172.32.0.1:9100", "DESK_METRICS は、この機械か院内の網"),
        ("DESK_METRICS", "203.0.113.0/24:9100", "DESK_METRICS の網「203.0.113.0/24:9100」に"),
        ("DESK_METRICS", "10.254.254.0/28:9100", "この機械の住所がありません"),
        ("DESK_METRICS", "10.83.4.1/24:9100", "DESK_METRICS は、この機械か院内の網"),
        ("DESK_SECRET_FILE", "/nowhere", "DESK_SECRET_FILE のファイル /nowhere を読めません"),
        ("DESK_METRICS", "127.0.0.1:0", "DESK_METRICS は、この機械か院内の網"),
        ("DESK_METRICS", "127.0.0.1:65536", "DESK_METRICS は、この機械か院内の網"),
    ],
)
def test_value_that_cannot_be_used_is_named(
    tmp_path: Path, name: str, value: str, said: str
) -> None:
    with pytest.raises(SettingsError, match=said):
        read_environment({name: value}, tmp_path)


@pytest.mark.parametrize(
    "address", ["127.0.0.1:9100", "192.168.0.10:9100", "10.1.2.3:1", "[::1]:9100", "[fd00::1]:9100"]
)
def test_metrics_have_an_internal_address_in_production_too(clinic: Path, address: str) -> None:
    assert str(read_environment(production(clinic, DESK_METRICS=address)).metrics) == address
    assert read_environment(production(clinic)).metrics is None


def test_metrics_are_served_in_a_network_whatever_the_address_there(clinic: Path) -> None:
    environment = read_environment(production(clinic, DESK_METRICS="127.0.0.0/8:9100"))
    assert str(environment.metrics) == "127.0.0.1:9100"


def test_secrets_come_from_files_and_the_old_ones_count_on(clinic: Path, tmp_path: Path) -> None:
    (tmp_path / "new").write_text(f"{SECRET}\n", encoding="utf-8")
    (tmp_path / "old").write_text(f"{SECRET}1,{SECRET}2\n", encoding="utf-8")
    given = production(clinic, DESK_SECRET="")
    given |= {
        "DESK_SECRET_FILE": f"{tmp_path}/new",
        "DESK_SECRET_FALLBACKS_FILE": f"{tmp_path}/old",
    }
    environment = read_environment(given)
    assert environment.secret == SECRET
    assert environment.secret_fallbacks == (f"{SECRET}1", f"{SECRET}2")


def test_internal_names_are_no_origins(clinic: Path) -> None:
    environment = read_environment(production(clinic, DESK_INTERNAL_HOSTS="desk, localhost"))
    assert environment.internal_hosts == ("desk", "localhost")
    assert environment.origins == ("https://desk.example.jp",)


def test_metrics_are_open_to_all_outside_of_production_only(tmp_path: Path) -> None:
    address = "0.0.0.0:9100"
    assert str(read_environment({"DESK_METRICS": address}, tmp_path).metrics) == address


@pytest.mark.parametrize(
    ("broker", "given", "shared"),
    [
        ("", "", "memory://"),
        ("redis://broker/0", "", "redis://broker/0"),
        ("redis://broker/0", "redis://other/1", "redis://other/1"),
        ("amqp://broker//", "", "memory://"),
    ],
)
def test_messages_are_counted_in_the_broker_when_that_is_redis(
    tmp_path: Path, broker: str, given: str, shared: str
) -> None:
    environment = read_environment({"DESK_BROKER": broker, "DESK_SHARED": given}, tmp_path)
    assert (environment.broker, environment.shared) == (broker, shared)


def test_all_faults_are_told_at_once(clinic: Path) -> None:
    with pytest.raises(SettingsError) as error:
        read_environment(production(clinic, DESK_SECRET="", DESK_DEBUG="1", DESK_HOSTS=""))
    assert len(str(error.value).splitlines()) == 3


LINE = {
    "LINE_CHANNEL_SECRETS": "new, old",
    "LINE_CHANNEL_ID": "1234567890",
    "LINE_USER_ID": "U" + "0" * 32,
}


def test_line_account_is_named_whole_or_not_at_all(tmp_path: Path) -> None:
    assert read_environment({}, tmp_path).line is None
    account = read_environment(LINE, tmp_path).line
    assert account is not None
    assert account.secrets == ("new", "old")
    assert account.url == "https://api.line.me"
    assert read_environment(LINE, tmp_path).line == account, "its key is kept"


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"LINE_CHANNEL_SECRETS": ""}, "LINE_CHANNEL_SECRETS"),
        ({"LINE_CHANNEL_ID": ""}, "LINE_CHANNEL_ID"),
        ({"LINE_USER_ID": "U1"}, "LINE_USER_ID"),
        ({"LINE_URL": "api.line.me"}, "LINE_URL"),
    ],
)
def test_half_a_line_account_is_refused(tmp_path: Path, changed: dict[str, str], said: str) -> None:
    with pytest.raises(SettingsError, match=said):
        read_environment({**LINE, **changed}, tmp_path)


def test_keys_that_seal_are_read_and_the_first_seals(tmp_path: Path) -> None:
    keys = read_environment({"DESK_KEYS": f"new:{NEW_KEY}, old:{OLD_KEY}"}, tmp_path).keys
    assert [key.name for key in keys] == ["new", "old"]
    assert "secret" not in repr(keys)


@pytest.mark.parametrize(
    ("keys", "named"),
    [
        (NEW_KEY, NEW_KEY), ("new:short", "new"), (f"New:{NEW_KEY}", "New"), ("new:*", "new"),
        (f"a:{NEW_KEY},a:{OLD_KEY}", "a"), (f"new:{'A' * 43}=", "new"), (f":{NEW_KEY}", ""),
    ],
)  # fmt: skip
def test_key_that_cannot_be_read_is_named_and_not_shown(
    tmp_path: Path, keys: str, named: str
) -> None:
    with pytest.raises(SettingsError) as error:
        read_environment({"DESK_KEYS": keys}, tmp_path)
    assert f"DESK_KEYS の「{named if named != NEW_KEY else '?'}」を読めません" in str(error.value)
    assert NEW_KEY not in str(error.value)


def test_key_of_this_machine_is_made_once(tmp_path: Path) -> None:
    first = read_environment({}, tmp_path).keys
    assert [key.name for key in first] == ["own"]
    assert read_environment({}, tmp_path).keys == first
    assert read_environment({}, tmp_path / "other").keys != first
