"""A staff member's browser without scripts: follows links, fills in forms, proves both factors."""

from __future__ import annotations

import html
import re
from dataclasses import dataclass, field
from html.parser import HTMLParser
from types import TracebackType

import httpx
from django.contrib.auth.hashers import PBKDF2PasswordHasher
from django_otp.oath import totp

from tests.desk.running import Desk

#: The password and the app's key of whoever ``scenes.can_log_in`` prepares.
PASSWORD = "correct-horse-battery"
#: The password as a database keeps it: to reckon that takes longer than most tests.
HASHED = PBKDF2PasswordHasher().encode(PASSWORD, "salt" * 6)
APP_KEY = bytes(range(20))


def app_code(key: bytes = APP_KEY) -> str:
    """What an authenticator app shows at this moment."""
    return f"{totp(key):06d}"


@dataclass
class Page(HTMLParser):
    """What stands in an HTML page: its text, its forms' token, and what a strict policy forbids."""

    source: str
    text: str = ""
    inline: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()
        self._silent = False
        self.feed(self.source)
        self.text = re.sub(r"\s+", " ", self.text)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        given = dict(attributes)
        self._silent = tag in ("script", "style")
        is_data = given.get("type") == "application/json"
        if tag == "style" or (tag == "script" and "src" not in given and not is_data):
            self.inline.append(tag)
        self.inline += [name for name in given if name == "style" or name.startswith("on")]
        self.inline += [v for v in given.values() if v and v.lower().startswith("javascript:")]

    def handle_endtag(self, tag: str) -> None:
        self._silent = False

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self.text += data

    @property
    def token(self) -> str:
        found = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', self.source)
        assert found, self.source
        return found[1]


class Browser:
    """One browser with its own cookies, and the page it shows.

    Args:
        desk: a desk that runs.

    Attributes:
        code: the code of the app that was used last.
    """

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.http = httpx.Client(base_url=desk.url, follow_redirects=True, timeout=30)
        self.response = httpx.Response(204)
        self.code = ""

    def __enter__(self) -> Browser:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.http.close()

    @property
    def page(self) -> Page:
        return Page(self.response.text)

    @property
    def path(self) -> str:
        """Where the browser is, without the query."""
        return self.response.url.path

    def open(self, address: str, **headers: str) -> Page:
        self.response = self.http.get(address, headers=headers)
        return self.page

    def submit(self, address: str = "", **fields: str | list[str]) -> Page:
        """Sends the form of the page to its own address, or to another one."""
        to = address or str(self.response.url)
        self.response = self.http.post(to, data={"csrfmiddlewaretoken": self.page.token, **fields})
        return self.page

    def secrets(self) -> list[str]:
        """What the page shows once: passwords, keys."""
        found = re.findall(r'class="secret">([^<]*)<', self.response.text)
        return [html.unescape(text) for text in found]

    def give_password(self, name: str, password: str = PASSWORD, then: str = "") -> Page:
        self.open(f"/staff/login/{then}")
        return self.submit(username=name, password=password)

    def log_in(self, name: str, then: str = "") -> Page:
        """Proves both factors of somebody who exists or, named like ``nurse1``, now does.

        Args:
            name: the login name.
            then: a query, such as ``?next=…``.
        """
        self.desk.scene(f"can_log_in({name!r})")
        self.give_password(name, then=then)
        assert self.path == "/staff/second-factor/", self.page.text
        self.code = app_code()
        self.submit(code=self.code)
        assert "確認コード" not in self.page.text, self.page.text
        return self.page

    def status(self, method: str, address: str, *, with_token: bool = True) -> int:
        """What an address answers, by its status: an empty form, no redirect followed, nothing read."""
        token = self.http.cookies.get("csrftoken") if with_token else None
        if with_token and token is None:
            token = self.open("/staff/login/").token
        headers = {"X-CSRFToken": token} if token else {}
        with self.http.stream(method, address, headers=headers, follow_redirects=False) as response:
            return response.status_code
