"""Who is not let in: with a stolen or planted session, by trying passwords, by tokens in wrong places."""

from __future__ import annotations

import json

import httpx
import pytest

from tests.desk.browsing import Browser
from tests.desk.conftest import OpenDesk
from tests.desk.running import TOKEN, Desk

pytestmark = pytest.mark.slow
once = pytest.mark.parametrize("open_desk", ["sqlite"], indirect=True)
on_sqlite = pytest.mark.parametrize("database", ["sqlite"], indirect=True)

QUEUE = "/staff/"


def opens(desk: Desk, session: str) -> bool:
    """Whether a session's cookie alone opens the console."""
    answer = httpx.get(f"{desk.url}{QUEUE}", cookies={"sessionid": session}, trust_env=False)
    return answer.status_code == 200


@once
def test_session_that_was_planted_before_the_login_opens_nothing(open_desk: OpenDesk) -> None:
    desk = open_desk.desk
    planted = "a" * 32
    with Browser(desk) as browser:
        browser.http.cookies.set("sessionid", planted, domain="127.0.0.1")
        browser.log_in("nurse7")
        mine = browser.http.cookies.get("sessionid", domain="127.0.0.1.local") or next(
            cookie.value
            for cookie in browser.http.cookies.jar
            if cookie.name == "sessionid" and cookie.value != planted
        )
        assert opens(desk, mine)
        assert not opens(desk, planted)
        # Who logs out at one of two windows is out at both, and a copy of the cookie is worth nothing.
        browser.submit("/staff/logout/")
        assert not opens(desk, mine)


@once
def test_logging_out_twice_at_once_is_no_fault(open_desk: OpenDesk) -> None:
    with Browser(open_desk.desk) as browser:
        browser.log_in("nurse8")
        token = browser.page.token
        cookies = dict(browser.http.cookies)
        answers = [
            httpx.post(
                f"{open_desk.desk.url}/staff/logout/", cookies=cookies, trust_env=False,
                data={"csrfmiddlewaretoken": token},
            )
            for _ in range(2)
        ]  # fmt: skip
        assert [answer.status_code for answer in answers] == [302, 302]
        assert not opens(open_desk.desk, cookies["sessionid"])


@on_sqlite
def test_passwords_are_tried_so_often_from_one_network_and_no_more(desk: Desk) -> None:
    desk.start()
    with Browser(desk) as browser:
        browser.open("/staff/login/")
        token = browser.page.token
        statuses = []
        for number in range(61):
            # Without a password nothing is computed; it counts all the same, for any name.
            form = {"csrfmiddlewaretoken": token, "username": f"name{number}"}
            answer = browser.http.post("/staff/login/", data=form)
            statuses.append(answer.status_code)
        assert statuses == [200] * 60 + [429]
        assert answer.headers["Retry-After"] == "60"
        assert "同じ場所からのログインの試み" in answer.text
        assert browser.http.get("/").is_success
        assert browser.http.get("/staff/login/").is_success


@once
def test_token_counts_in_its_header_only_and_stands_in_no_log(open_desk: OpenDesk) -> None:
    desk = open_desk.desk
    address = f"{desk.url}/api/conversations/nobody"
    bearer = {"Authorization": f"Bearer {TOKEN}"}
    assert httpx.get(address, headers=bearer, trust_env=False).status_code == 404
    for parameters, headers, cookies in (
        ({"token": TOKEN, "access_token": TOKEN}, {}, {}),
        ({}, {"Authorization": f"Basic {TOKEN}"}, {}),
        ({}, {"Authorization": TOKEN}, {}),
        ({}, {"X-Api-Key": TOKEN}, {}),
        ({}, {}, {"Authorization": TOKEN}),
    ):
        answer = httpx.get(
            address, params=parameters, headers=headers, cookies=cookies, trust_env=False
        )
        assert answer.status_code == 401
        assert TOKEN not in answer.text
    assert TOKEN not in (desk.folder / "desk.log").read_text(encoding="utf-8")


@once
def test_nothing_that_is_sent_makes_a_line_of_the_log(open_desk: OpenDesk) -> None:
    desk = open_desk.desk
    forged = '{"level": "ERROR", "message": "forged-line"}'
    for request in (
        ("GET", f"/staff/%0a{forged}", {}),
        ("GET", "/nowhere", {"User-Agent": f"x\t{forged}", "Host": "evil.example"}),
        ("POST", "/line/webhook", {"x-line-signature": forged}),
        ("POST", "/staff/login/", {"Referer": forged, "X-Forwarded-For": forged}),
    ):
        method, path, headers = request
        httpx.request(method, f"{desk.url}{path}", headers=headers, trust_env=False)
    log = (desk.folder / "desk.log").read_text(encoding="utf-8")
    assert "forged-line" not in log
    for line in log.splitlines():
        json.loads(line)
