"""What every answer says to the browser besides its content, and what none holds: scripts and styles inline.

The addresses come from the URL configuration, as in ``test_authorisation``; with them go files, pages
that do not exist, and requests that never reach a view.
"""

from __future__ import annotations

import socket
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.desk import clinics
from tests.desk.browsing import Browser, Page
from tests.desk.conftest import OpenDesk
from tests.desk.running import TOKEN, Desk
from tests.desk.test_authorisation import ADMINISTRATOR, DOCTOR, TABLE, every_address

pytestmark = pytest.mark.slow

WIDGET, STYLES = "/static/widget/chat.js", "/static/console/console.css"
EVERYWHERE = {
    "Cross-Origin-Opener-Policy": "same-origin", "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY",
}  # fmt: skip
#: Of which nothing may be read aloud from a cache: all but files.
KEPT_NOWHERE = "no-store"
#: What is no address of the URL configuration.
OTHERS = ("/nowhere", "/static/nowhere.css", WIDGET, STYLES, "/api/nowhere", "/staff")
#: On one database: both say the same.
once = pytest.mark.parametrize("open_desk", ["sqlite"], indirect=True)
on_sqlite = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


def faults(response: httpx.Response) -> Iterator[str]:
    """What is wrong with an answer's headers and its page."""
    given = response.headers
    for name, value in EVERYWHERE.items():
        if given.get(name) != value:
            yield f"{name}: {given.get(name)}"
    if "camera=()" not in given.get("Permissions-Policy", ""):
        yield "Permissions-Policy"
    policy = given.get("Content-Security-Policy", "")
    if "unsafe" in policy or "default-src '" not in policy:
        yield f"Content-Security-Policy: {policy}"
    if "frame-ancestors 'none'" not in policy:
        yield "may be framed"
    is_file = response.url.path.startswith("/static/")
    wanted = "cross-origin" if response.url.path == WIDGET else "same-origin"
    if given.get("Cross-Origin-Resource-Policy") != wanted:
        yield "Cross-Origin-Resource-Policy"
    if not is_file and KEPT_NOWHERE not in given.get("Cache-Control", ""):
        yield f"Cache-Control: {given.get('Cache-Control')}"
    if "text/html" in given.get("Content-Type", ""):
        yield from Page(response.text).inline


@once
def test_every_answer_of_every_address_has_its_headers_and_nothing_inline(
    open_desk: OpenDesk,
) -> None:
    desk, wrong, others = open_desk.desk, [], dict.fromkeys(OTHERS, "")
    routes = every_address(desk)
    for name in ("staff:logout", "console:events"):  # the latter does not end
        del routes[name]
    only_theirs = {name for name in routes if TABLE[name].people == (ADMINISTRATOR,)}
    may_post = {name for name in routes if TABLE[name].post != 405}
    with Browser(desk) as nobody, Browser(desk) as doctor, Browser(desk) as administrator:
        doctor.log_in(DOCTOR)
        administrator.log_in(ADMINISTRATOR)
        for browser, method, names in (
            (nobody, "GET", {*routes, *others}), (doctor, "GET", routes), (doctor, "POST", may_post),
            (administrator, "GET", only_theirs), (administrator, "POST", only_theirs & may_post),
        ):  # fmt: skip
            for name in sorted(names):
                address = name if name in others else desk.scene(f"address({routes[name]!r})")
                response = browser.http.request(
                    method, address, follow_redirects=False,
                    headers={"X-CSRFToken": browser.http.cookies.get("csrftoken", "")},
                )  # fmt: skip
                status = response.status_code
                wrong += [f"{method} {name} {status}: {fault}" for fault in faults(response)]
    assert not wrong, "\n".join(wrong)


@once
@pytest.mark.parametrize(
    ("path", "headers", "status"),
    [
        ("/", {"Host": "evil.example"}, 400),
        ("/healthz", {"Host": "a b"}, 400),
        ("/staff/login/", {"Host": "127.0.0.1@evil.example"}, 400),
        ("/%ff%fe", {}, 404),
        ("/chat/entries", {"Origin": "https://evil.example"}, 403),
        ("/api/conversations/x", {}, 401),
        ("/api/conversations/a%00b", {"Authorization": f"Bearer {TOKEN}"}, 422),
        ("/api/conversations/x?after=-1", {"Authorization": f"Bearer {TOKEN}"}, 422),
        (f"/api/conversations/x?after={'9' * 5000}", {"Authorization": f"Bearer {TOKEN}"}, 422),
    ],
)
def test_requests_that_reach_no_view_are_answered_with_the_same_headers(
    open_desk: OpenDesk, path: str, headers: dict[str, str], status: int
) -> None:
    response = httpx.get(f"{open_desk.desk.url}{path}", headers=headers, trust_env=False)
    assert response.status_code == status
    assert list(faults(response)) == []
    assert "evil" not in response.text


def conversation_with(desk: Desk, head: str, *body: bytes, seconds: float = 20) -> bytes:
    """What the desk answers to bytes, as far as it comes before the connection ends."""
    with socket.create_connection(("127.0.0.1", desk.port), timeout=seconds) as connection:
        connection.sendall(head.replace("\n", "\r\n").encode() + b"\r\n\r\n")
        answer = b""
        try:
            for part in body:
                connection.sendall(part)
            while piece := connection.recv(65536):
                answer += piece
        except (ConnectionError, TimeoutError):
            pass
        return answer


@once
@pytest.mark.parametrize("path", ["/staff/login/", "/chat/messages", "/api/messages", "/nowhere"])
def test_body_without_a_length_is_not_kept_and_the_sender_is_told(
    open_desk: OpenDesk, path: str
) -> None:
    desk = open_desk.desk
    head = f"POST {path} HTTP/1.1\nHost: 127.0.0.1:{desk.port}\nTransfer-Encoding: chunked"
    piece = b"10000\r\n" + b"x" * 0x10000 + b"\r\n"
    answer = conversation_with(desk, head, *[piece] * 8, b"0\r\n\r\n").decode()
    assert answer.startswith("HTTP/1.1 413 ")
    assert "大きすぎる" in answer
    assert "connection: close" in answer.lower()
    assert "nosniff" in answer


@once
def test_header_of_the_answer_cannot_be_written_by_who_asks(open_desk: OpenDesk) -> None:
    desk = open_desk.desk
    for path in ("/staff/?next=%0d%0aX-Evil:%201", "/staff/account/%0d%0aX-Evil:%201",
                 "/staff/login/?next=/staff/%0d%0aSet-Cookie:%20a=b"):  # fmt: skip
        response = httpx.get(f"{desk.url}{path}", trust_env=False)
        assert "x-evil" not in response.headers
        assert "a=b" not in response.headers.get("Set-Cookie", "")


@on_sqlite
def test_production_speaks_https_only_and_keeps_cookies_to_itself(desk: Desk) -> None:
    data = clinics.copied(desk.folder / "clinic")
    desk.settings |= {
        "DESK_PRODUCTION": "1", "DESK_SECRET": "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGH",
        "DESK_HOSTS": "desk.example.jp,127.0.0.1", "DESK_DATA": str(data),
    }  # fmt: skip
    desk.start()

    def get(path: str, **headers: str) -> Any:
        return httpx.get(f"{desk.url}{path}", headers=headers, trust_env=False)

    plain = get("/staff/login/", Host="desk.example.jp")
    assert plain.status_code == 301
    assert plain.headers["Location"] == "https://desk.example.jp/staff/login/"
    assert list(faults(plain)) == []
    stranger = get("/staff/login/", Host="evil.example")
    assert stranger.status_code == 400
    assert list(faults(stranger)) == []
    page = get("/staff/login/", Host="desk.example.jp", **{"X-Forwarded-Proto": "https"})
    assert page.status_code == 200
    assert page.headers["Strict-Transport-Security"] == "max-age=31536000; includeSubDomains"
    cookie = page.headers["Set-Cookie"]
    assert cookie.startswith("__Host-csrf=")
    for part in ("Secure", "HttpOnly", "SameSite=Lax", "Path=/"):
        assert part in cookie
    assert "Domain" not in cookie
    assert list(faults(page)) == []
