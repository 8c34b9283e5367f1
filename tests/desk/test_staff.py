"""Who gets into the console, how, and for how long."""

from __future__ import annotations

import base64
import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.databases import own_database
from tests.desk.browsing import PASSWORD, Browser, Page, app_code
from tests.desk.running import Desk

pytestmark = pytest.mark.slow

on_sqlite = pytest.mark.parametrize("database", ["sqlite"], indirect=True)

WRONG = "利用者名かパスワードが違います"
WRONG_CODE = "コードが違うか、もう使われています"
LOCKED = "一時的に止めています"
IDLE = "しばらく操作がなかったため"
REFUSED = "あなたの役割では、この画面や操作を使えません"
OWN_PASSWORD = "long-enough-and-my-own"


@pytest.fixture
def browser(desk: Desk) -> Iterator[Browser]:
    desk.start()
    with Browser(desk) as browser:
        yield browser


@pytest.fixture
def other(browser: Browser) -> Iterator[Browser]:
    """Somebody else's browser."""
    with Browser(browser.desk) as other:
        yield other


def key_shown(browser: Browser) -> bytes:
    """The key of the authenticator app that the page offers."""
    return base64.b32decode(browser.secrets()[0].replace(" ", ""))


def recovery_codes(page: Page) -> list[str]:
    return re.findall(r"<li>([a-z2-7]{4}-[a-z2-7]{4})</li>", page.source)


def account_of(browser: Browser, name: str) -> str:
    """The address of somebody's account, as the list of people links to it."""
    rows = browser.open("/staff/people/").source.split("<tr")
    (row,) = [row for row in rows if f"{name}</a>" in row]
    return re.findall(r'href="(/staff/people/\d+/)"', row)[0]


def test_what_the_desk_starts_with_is_made_ready_once(desk: Desk) -> None:
    assert "最初のパスワード" not in desk.manage("prepare", "--no-administrator")
    assert "最初のパスワード" in desk.manage("prepare")
    kept = desk.folder / "cache" / "patient-desk"
    assert not list(kept.glob("*.dic")), "the rules are read by who learns only"
    assert "最初のパスワード" not in desk.manage("prepare", "--learn")
    assert list(kept.glob("*.dic"))


def test_database_that_cannot_hold_japanese_is_refused_before_anybody_writes(
    tmp_path: Path,
) -> None:
    with own_database("template0", "ENCODING 'SQL_ASCII' LOCALE 'C'") as url:
        desk = Desk(url, tmp_path, "", "")
        with pytest.raises(
            AssertionError, match=r"文字コードが SQL_ASCII のため.*UTF8 で作り直して"
        ):
            desk.manage("prepare")


def test_first_administrator_comes_in_with_a_printed_password_and_makes_everything_his_own(
    desk: Desk, browser: Browser
) -> None:
    printed = desk.manage("first_administrator")
    name, password = re.findall(r"利用者名: (\S+)　最初のパスワード: ([\w-]+)", printed)[0]
    assert desk.manage("first_administrator") == ""

    browser.open("/staff/people/")
    assert browser.path == "/staff/login/"
    browser.submit(username=name, password=password)
    assert browser.path == "/staff/second-factor/setup/"
    assert "<svg" in browser.page.source
    key = key_shown(browser)
    assert WRONG_CODE in browser.submit(code="000000").text
    assert key_shown(browser) == key
    time.sleep(1.5)
    codes = recovery_codes(browser.submit(code=app_code(key)))
    assert len(set(codes)) == 8

    browser.open("/staff/")
    assert browser.path == "/staff/password/"
    assert "12 文字以上" in browser.submit(new_password1="short", new_password2="short").text
    same = browser.submit(new_password1=password, new_password2=password).text
    assert "今のパスワードとは違うもの" in same
    browser.open("/staff/people/")
    browser.submit(new_password1=OWN_PASSWORD, new_password2=OWN_PASSWORD)
    assert browser.path == "/staff/people/"
    assert f"{name} 管理者 有効 設定済み" in browser.page.text
    assert desk.scene("audited()").splitlines() == [
        f"staff.created - {name}",
        f"staff.second_factor_set {name}",
        f"staff.login {name}",
        f"staff.password_changed {name}",
    ]


def test_five_wrong_passwords_lock_and_nobody_learns_which_names_exist(
    desk: Desk, browser: Browser
) -> None:
    desk.scene("can_log_in('nurse1')")
    seen = {}
    for name in ("nurse1", "nobody"):
        answers = [browser.give_password(name, "wrong") for _ in range(5)]
        assert [WRONG in page.text for page in answers] == [True] * 4 + [False]
        assert browser.response.status_code == 429
        assert LOCKED in answers[-1].text
        assert "あと約15分" in answers[-1].text
        assert LOCKED in browser.give_password(name).text
        seen[name] = [page.text.replace(name, "") for page in answers]
    assert seen["nurse1"] == seen["nobody"]
    assert desk.scene("audited()").splitlines() == ["staff.login_failed - nurse1"] * 5 + [
        "staff.locked - nurse1"
    ]

    printed = desk.manage("new_password", "nurse1", "--second-factor")
    browser.give_password("nurse1", re.findall(r": ([\w-]+)", printed)[0])
    assert browser.path == "/staff/second-factor/setup/"


def test_code_works_once_and_wrong_ones_make_one_wait(desk: Desk, browser: Browser) -> None:
    browser.log_in("nurse1")
    browser.submit("/staff/logout/")
    assert "ログアウトしました" in browser.page.text
    browser.give_password("nurse1")
    assert WRONG_CODE in browser.submit(code=browser.code).text
    assert re.search("あと [12] 秒たってから", browser.submit(code=app_code()).text)
    browser.open("/staff/account/")
    assert browser.path == "/staff/second-factor/"
    assert "staff.second_factor_failed - nurse1" in desk.scene("audited()").splitlines()


@on_sqlite
def test_recovery_code_stands_in_for_the_app_once(desk: Desk, browser: Browser) -> None:
    browser.log_in("nurse1")
    browser.open("/staff/recovery-codes/")
    assert "パスワードが違います" in browser.submit(password="wrong").text
    code = recovery_codes(browser.submit(password=PASSWORD))[0]
    browser.submit("/staff/logout/")
    browser.give_password("nurse1")
    as_typed = code.replace("-", " ").upper().translate({ord("2"): "２"})
    assert "残りは 7 個" in browser.submit(code=as_typed).text
    browser.submit("/staff/logout/")
    browser.give_password("nurse1")
    assert WRONG_CODE in browser.submit(code=code).text


@on_sqlite
def test_another_phone_takes_the_place_of_the_old_one(
    desk: Desk, browser: Browser, other: Browser
) -> None:
    browser.log_in("nurse1")
    other.log_in("nurse1")
    browser.open("/staff/second-factor/setup/")
    key = key_shown(browser)
    assert "パスワードが違います" in browser.submit(password="wrong", code=app_code(key)).text
    assert len(recovery_codes(browser.submit(password=PASSWORD, code=app_code(key)))) == 8
    assert "残り 8 個" in browser.open("/staff/account/").text
    other.open("/staff/account/")
    assert other.path == "/staff/login/"
    other.give_password("nurse1")
    assert WRONG_CODE in other.submit(code=app_code()).text


@on_sqlite
def test_session_ends_when_nobody_does_anything(desk: Desk, browser: Browser) -> None:
    browser.log_in("nurse1")
    for _ in range(3):
        desk.scene("time_passes(29)")
        browser.open("/staff/account/")
        assert browser.path == "/staff/account/"
    desk.scene("time_passes(29)")
    by_itself = browser.http.get("/staff/queue/", headers={"HX-Request": "true"})
    assert by_itself.status_code == 200
    desk.scene("time_passes(2)")
    by_script = browser.http.get(
        "/staff/account/",
        headers={"HX-Request": "true", "HX-Current-URL": f"{desk.url}/staff/account/"},
    )
    assert by_script.status_code == 401
    assert by_script.headers["HX-Redirect"] == "/staff/login/?next=%2Fstaff%2Faccount%2F"
    assert IDLE in browser.open(by_script.headers["HX-Redirect"]).text
    browser.log_in("nurse1", then="?next=/staff/account/")
    assert browser.path == "/staff/account/"


@on_sqlite
def test_session_ends_after_a_day_of_work_however_busy(desk: Desk, browser: Browser) -> None:
    desk.settings["DESK_SESSION_MINUTES"] = "60"
    desk.kill()
    desk.start(port=desk.port)
    browser.log_in("nurse1")
    for _ in range(12):
        desk.scene("time_passes(59)")
        assert "自分のアカウント" in browser.open("/staff/account/").text
    desk.scene("time_passes(13)")
    assert "ログインから長い時間がたったため" in browser.open("/staff/account/").text
    assert browser.path == "/staff/login/"


@on_sqlite
def test_cookie_is_for_this_browser_session_and_new_at_each_proof(
    desk: Desk, browser: Browser
) -> None:
    desk.scene("can_log_in('nurse1')")
    browser.http.follow_redirects = False
    browser.give_password("nurse1")
    first = browser.response.headers["Set-Cookie"]
    assert re.search(r"sessionid=\w+; HttpOnly; Path=/; SameSite=Lax", first)
    assert browser.response.headers["Location"] == "/staff/second-factor/"
    before = browser.http.cookies["sessionid"]
    browser.open("/staff/second-factor/")
    assert "no-store" in browser.response.headers["Cache-Control"]
    browser.submit(code=app_code())
    assert browser.http.cookies["sessionid"] != before


def test_administrator_gives_and_takes_an_account(
    desk: Desk, browser: Browser, other: Browser
) -> None:
    browser.log_in("administrator1")
    browser.open("/staff/people/new/")
    taken = browser.submit(username="Administrator1", roles="看護師").text
    assert "もう使われています" in taken
    browser.submit(username="ward", display_name="看護師 A", mail="", roles=["看護師", "受付"])
    name, password = browser.secrets()
    assert name == "ward"
    other.give_password(name, password)
    key = key_shown(other)
    other.submit(code=app_code(key))
    other.open("/staff/")
    other.submit(new_password1=OWN_PASSWORD, new_password2=OWN_PASSWORD)
    assert "受付・看護師" in other.open("/staff/account/").text

    account = account_of(browser, "看護師 A")
    browser.open(account)
    browser.submit(display_name="医師 A", mail="ward@test.example", roles="医師")
    text = other.open("/staff/account/").text
    assert "医師 A" in text
    assert "ward@test.example" in text

    browser.open(account)
    assert "停止しました" in browser.submit(f"{account}active/", active="0").text
    other.open("/staff/account/")
    assert other.path == "/staff/login/"
    assert WRONG in other.give_password(name, OWN_PASSWORD).text
    browser.submit(f"{account}active/", active="1")
    other.open("/staff/account/")
    assert other.path == "/staff/login/"
    assert desk.scene("audited('staff.roles_changed', 'staff.deactivated', 'staff.activated')") == (
        "staff.roles_changed administrator1 ward\n"
        "staff.deactivated administrator1 ward\n"
        "staff.activated administrator1 ward"
    )


@on_sqlite
def test_open_session_dies_with_what_it_rests_on(
    desk: Desk, browser: Browser, other: Browser
) -> None:
    browser.log_in("administrator1")
    desk.scene("can_log_in('nurse1')")
    account = account_of(browser, "nurse1")
    for step in ("active", "second-factor", "password"):
        other.log_in("nurse1")
        browser.open(account)
        browser.submit(f"{account}{step}/", active="0")
        browser.submit(f"{account}active/", active="1")
        other.open("/staff/account/")
        assert other.path == "/staff/login/", step
        if step == "second-factor":
            other.give_password("nurse1")
            assert other.path == "/staff/second-factor/setup/"
            other.submit("/staff/logout/")


@on_sqlite
def test_own_new_password_ends_the_other_sessions_only(browser: Browser, other: Browser) -> None:
    browser.log_in("nurse1")
    other.log_in("nurse1")
    browser.open("/staff/password/")
    new = {"new_password1": OWN_PASSWORD, "new_password2": OWN_PASSWORD}
    assert "パスワードが違います" in browser.submit(password="wrong", **new).text
    assert "パスワードを変えました" in browser.submit(password=PASSWORD, **new).text
    assert browser.path == "/staff/account/"
    other.open("/staff/account/")
    assert other.path == "/staff/login/"


def test_last_administrator_stays(desk: Desk, browser: Browser) -> None:
    browser.log_in("administrator1")
    account = account_of(browser, "administrator1")
    browser.open(account)
    said = "管理者がひとりもいなくなる"
    assert said in browser.submit(display_name="", mail="", roles="医師").text
    assert said in browser.submit(f"{account}active/", active="0").text
    assert browser.open("/staff/people/").text.count("有効") == 1
    assert desk.scene("audited('staff.roles_changed', 'staff.deactivated')") == ""
    assert desk.scene("administrators_deactivate_each_other()") == "1"


@on_sqlite
def test_only_administrators_see_and_change_accounts(desk: Desk, browser: Browser) -> None:
    pages = ["", "new/", "1/"]
    posts = ["1/password/", "1/second-factor/", "1/active/"]
    for page in pages:
        browser.open(f"/staff/people/{page}")
        assert browser.path == "/staff/login/"
    for role in ("reception1", "nurse1", "doctor1"):
        browser.log_in(role)
        assert "/staff/people/" not in browser.page.source
        for page in pages:
            assert REFUSED in browser.open(f"/staff/people/{page}").text
            assert browser.response.status_code == 403
        browser.open("/staff/account/")
        for page in posts:
            assert REFUSED in browser.submit(f"/staff/people/{page}").text
            browser.open("/staff/account/")
        browser.submit("/staff/logout/")
    assert desk.scene("audited('staff.password_given', 'staff.deactivated')") == ""


@on_sqlite
def test_login_leads_on_to_a_page_of_the_desk_only(browser: Browser) -> None:
    for wanted, leads_to in {
        "/staff/account/": "/staff/account/",
        "https://evil.example/": "/staff/",
        "//evil.example/": "/staff/",
        "/\\evil.example/": "/staff/",
        "javascript:alert(1)": "/staff/",
    }.items():
        browser.log_in("nurse1", then=f"?next={wanted}")
        assert browser.path == leads_to, wanted
        assert browser.response.url.host == "127.0.0.1", wanted
        browser.submit("/staff/logout/")


@on_sqlite
def test_form_from_elsewhere_is_refused_in_japanese(browser: Browser) -> None:
    browser.open("/staff/login/")
    browser.response = browser.http.post("/staff/login/", data={"username": "a", "password": "b"})
    assert browser.response.status_code == 403
    assert "送信を受け付けませんでした" in browser.page.text


@on_sqlite
def test_every_page_keeps_the_strict_policy_and_speaks_japanese(
    desk: Desk, browser: Browser
) -> None:
    desk.scene("can_log_in('nurse1')")
    pages = {"login": browser.open("/staff/login/"), "nowhere": browser.open("/nowhere")}
    assert "ページが見つかりません" in pages["nowhere"].text
    pages["second factor"] = browser.give_password("nurse1")
    browser.submit("/staff/logout/")
    browser.log_in("administrator1")
    for page in ("account/", "password/", "second-factor/setup/", "recovery-codes/", "people/",
                 "people/new/"):  # fmt: skip
        pages[page] = browser.open(f"/staff/{page}")
        assert browser.path == f"/staff/{page}"
    pages["person"] = browser.open(account_of(browser, "nurse1"))
    pages["one-time password"] = browser.submit(f"{browser.path}password/")
    browser.open("/staff/recovery-codes/")
    pages["codes"] = browser.submit(password=PASSWORD)
    for name, page in pages.items():
        assert page.inline == [], name
        assert 'lang="ja"' in page.source, name
        assert "デモ用のクリニック設定です" in page.text, name
    policy = browser.response.headers["Content-Security-Policy"]
    assert "default-src 'self'" in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    for address in re.findall(r'(?:href|src)="(/static/[^"]+)"', pages["login"].source):
        assert browser.http.get(address).is_success, address
    fault = Page(desk.scene("page_after_a_fault()"))
    assert "窓口の側で問題が起きました" in fault.text
    assert fault.inline == []
