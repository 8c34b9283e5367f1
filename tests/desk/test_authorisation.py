"""Who may open what: every address of the desk, for every role and for nobody.

The addresses come from the URL configuration: a new one fails until it stands in the table.
"""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from itertools import product

import pytest

from tests.desk.browsing import Browser
from tests.desk.conftest import OpenDesk
from tests.desk.running import Desk

pytestmark = pytest.mark.slow

RECEPTION, NURSE, DOCTOR, ADMINISTRATOR = "reception9", "nurse9", "doctor9", "administrator9"
STAFF = (RECEPTION, NURSE, DOCTOR, ADMINISTRATOR)
#: Who has proved only the password, and who has no role.
HALF, ROLELESS, NOBODY = "half9", "roleless9", "nobody"
EVERYONE = (*STAFF, HALF, ROLELESS, NOBODY)
ADMINISTRATORS = (ADMINISTRATOR,)
MEDICAL = (NURSE, DOCTOR)
WRITERS = (NURSE, DOCTOR, ADMINISTRATOR)


@dataclass(frozen=True)
class Row:
    """What an address answers.

    Attributes:
        people: whom it is for.
        get, post: the status for them; 405 where there is no such thing.
        others: the status for who is signed in and has not the role.
        strangers: the status for who is not wholly signed in.
        but: exceptions, by method and person.
    """

    people: tuple[str, ...]
    get: int = 405
    post: int = 405
    others: int = 403
    strangers: int = 302
    but: dict[tuple[str, str], int] = field(default_factory=dict)

    def expected(self, method: str, person: str) -> int:
        if (method, person) in self.but:
            return self.but[method, person]
        if person in self.people:
            return self.get if method == "GET" else self.post
        return self.strangers if person in (HALF, NOBODY) else self.others


def _each(method: str, people: tuple[str, ...], status: int) -> dict[tuple[str, str], int]:
    return {(method, person): status for person in people}


#: 302 to a POST: done or refused, and back to the page; 409: refused, and the form again.
TABLE = {
    "alive": Row(EVERYONE, get=200, post=200),
    "ready": Row(EVERYONE, get=200, post=200),
    # Open to whoever signs as LINE does; without an account there is none.
    "line-webhook": Row(EVERYONE, get=405, post=404),
    "api:openapi-json": Row(EVERYONE, get=200, post=200),
    "api:openapi-view": Row(EVERYONE, get=200, post=200),
    "api:api-root": Row(EVERYONE, get=404, post=404),
    # With a token only, which no role has.
    "api:post_message": Row((), others=401, strangers=401, but=_each("GET", EVERYONE, 405)),
    "api:get_conversation": Row((), others=401, strangers=401, but=_each("POST", EVERYONE, 405)),
    "patient-page": Row(EVERYONE, get=200),
    "embed-page": Row(EVERYONE, get=200),
    # Who posts without saying from which page is no browser; all but the first needs a token.
    "chat:get_about": Row(EVERYONE, get=200, post=403),
    "chat:post_session": Row(EVERYONE, get=405, post=403),
    "chat:delete_session": Row(EVERYONE, get=405, post=403),
    "chat:post_refresh": Row(EVERYONE, get=405, post=403),
    "chat:post_message": Row(EVERYONE, get=405, post=403),
    "chat:get_entries": Row(EVERYONE, get=401, post=403),
    "chat:get_stream": Row(EVERYONE, get=401, post=403),
    "chat:post_feedback": Row(EVERYONE, get=405, post=403),
    "chat:get_record": Row(EVERYONE, get=401, post=403),
    "chat:post_erasure": Row(EVERYONE, get=405, post=403),
    "chat:api-root": Row(EVERYONE, get=404, post=403),
    "staff:login": Row(
        EVERYONE,
        get=302,
        post=302,
        but={
            ("GET", NOBODY): 200,
            ("POST", NOBODY): 200,
        },
    ),
    "staff:logout": Row(EVERYONE, post=302),
    # Who has a second factor must prove it before anything is changed.
    "staff:second-factor": Row((HALF,), get=200, post=200, others=302),
    "staff:second-factor-setup": Row((*STAFF, ROLELESS), get=200, post=200),
    "staff:password": Row((*STAFF, ROLELESS), get=200, post=200),
    "staff:recovery-codes": Row(STAFF, get=200, post=200),
    "staff:account": Row(STAFF, get=200),
    "staff:people": Row(ADMINISTRATORS, get=200),
    "staff:person-new": Row(ADMINISTRATORS, get=200, post=200),
    "staff:person": Row(ADMINISTRATORS, get=200, post=200),
    "staff:person-password": Row(ADMINISTRATORS, post=200),
    "staff:person-second-factor": Row(ADMINISTRATORS, post=302),
    "staff:person-active": Row(ADMINISTRATORS, post=302),
    "editorial:clinic": Row((NURSE, DOCTOR, ADMINISTRATOR), get=200, post=409),
    "editorial:clinic-effect": Row((NURSE, DOCTOR, ADMINISTRATOR), post=200),
    "editorial:numbers": Row((NURSE, DOCTOR, ADMINISTRATOR), get=200),
    "editorial:number": Row((NURSE, DOCTOR, ADMINISTRATOR), get=200, post=409),
    "training:overview": Row((NURSE, DOCTOR, ADMINISTRATOR), get=200),
    "training:start": Row((NURSE, DOCTOR, ADMINISTRATOR), post=302),
    "training:back": Row((DOCTOR, ADMINISTRATOR), post=302),
    "training:run": Row((NURSE, DOCTOR, ADMINISTRATOR), get=200),
    "training:live": Row((NURSE, DOCTOR, ADMINISTRATOR), get=200),
    "training:stop": Row((NURSE, DOCTOR, ADMINISTRATOR), post=302),
    "training:switch": Row((DOCTOR, ADMINISTRATOR), post=302),
    "training:examples": Row((NURSE, DOCTOR, ADMINISTRATOR), get=200, post=200),
    "training:terms": Row((NURSE, DOCTOR, ADMINISTRATOR), get=200, post=200),
    "training:word-effect": Row((NURSE, DOCTOR, ADMINISTRATOR), post=200),
    "training:spelling": Row((NURSE, DOCTOR, ADMINISTRATOR), post=200),
    "training:spelling-effect": Row((NURSE, DOCTOR, ADMINISTRATOR), post=200),
    "training:decide": Row((NURSE, DOCTOR), post=302),
    "api:get_knowledge": Row((), others=401, strangers=401, but=_each("POST", EVERYONE, 405)),
    # The editorial desk; what the addresses name does not exist here.
    "editorial:answers": Row(STAFF, get=200),
    "editorial:new": Row(MEDICAL, get=200, post=409),
    "editorial:check": Row(MEDICAL, post=200),
    "editorial:edit": Row(MEDICAL, get=404, post=404),
    "editorial:entry": Row(STAFF, get=404),
    "editorial:due": Row(STAFF, get=200),
    "editorial:review": Row(STAFF, get=200),
    "editorial:submit": Row((*MEDICAL, ADMINISTRATOR), post=404),
    "editorial:approve": Row((DOCTOR,), post=404),
    "editorial:reject": Row((*MEDICAL, ADMINISTRATOR), post=404),
    "editorial:roll-back": Row((DOCTOR,), post=404),
    "editorial:releases": Row(STAFF, get=200, post=409),
    "editorial:release": Row(STAFF, get=404),
    "editorial:release-live": Row(STAFF, get=404),
    "editorial:publish": Row((DOCTOR,), post=404),
    "editorial:switches": Row(STAFF, get=200, post=409),
    "editorial:resume": Row((*MEDICAL, ADMINISTRATOR), post=404),
    "console:queue": Row(STAFF, get=200),
    "console:rows": Row(STAFF, get=200),
    "console:events": Row(STAFF, get=200),
    "console:alarms": Row(STAFF, get=200),
    "console:conversation": Row(STAFF, get=200),
    "console:transcript": Row(STAFF, get=200),
    "console:begin": Row(STAFF, post=302),
    "console:claim": Row(STAFF, post=302),
    "console:take-over": Row(STAFF, post=302),
    "console:release": Row(STAFF, post=302),
    "console:doctor": Row(STAFF, post=302),
    "console:reply": Row(STAFF, post=409),
    "console:note": Row(STAFF, post=409),
    "console:close": Row(STAFF, post=302),
    "console:book": Row(STAFF, post=409),
    "console:cancel": Row(STAFF, post=302),
    "console:answers": Row(STAFF, post=200),
    "console:search": Row(STAFF, get=200, post=200),
    "console:statistics": Row(STAFF, get=200),
    "console:statistics-csv": Row(STAFF, get=200),
    "gaps:page": Row(STAFF, get=200),
    "gaps:dismiss": Row((NURSE, DOCTOR), post=302),
    "gaps:draft": Row((NURSE, DOCTOR), get=302, post=302),
    "gaps:report": Row(STAFF, get=200),
    "gaps:audit": Row((NURSE, DOCTOR), post=302),
    "console:audit": Row(ADMINISTRATORS, get=200),
    # What is named does not exist here.
    "privacy:retention": Row(ADMINISTRATORS, get=200),
    "privacy:access": Row(ADMINISTRATORS, get=200),
    "privacy:reviewed": Row(ADMINISTRATORS, post=409),
    "privacy:archives": Row(ADMINISTRATORS, get=200),
    "privacy:archive": Row(ADMINISTRATORS, get=404),
    "privacy:wish": Row((DOCTOR, ADMINISTRATOR), get=200, post=409),
    "privacy:confirm": Row((DOCTOR, ADMINISTRATOR), get=404, post=404),
    "console:export-conversation": Row((NURSE, DOCTOR, ADMINISTRATOR), get=200),
    "console:export-tickets": Row(ADMINISTRATORS, get=200),
    # Everybody may look and try; who writes may also run. What is named does not exist: 404.
    "rehearsals:list": Row(STAFF, get=200),
    "rehearsals:new": Row(WRITERS, get=200, post=422),
    "rehearsals:edit": Row(STAFF, get=404, post=404),
    "rehearsals:remove": Row(WRITERS, post=404),
    "rehearsals:from-conversation": Row(WRITERS, post=302),
    "rehearsals:import": Row(WRITERS, get=200, post=422),
    "rehearsals:export": Row(STAFF, get=200),
    "rehearsals:group": Row(STAFF, get=404),
    "rehearsals:export-group": Row(STAFF, get=404),
    "rehearsals:runs": Row(STAFF, get=200),
    "rehearsals:start": Row(WRITERS, post=302),
    "rehearsals:run": Row(STAFF, get=404),
    "rehearsals:progress": Row(STAFF, get=404),
    "rehearsals:cancel": Row(WRITERS, post=404),
    "rehearsals:again": Row(WRITERS, post=404),
    "rehearsals:sign-off": Row((NURSE, DOCTOR), post=404),
    "rehearsals:shadow": Row(STAFF, get=200, post=422, but={("POST", RECEPTION): 403}),
    "rehearsals:try": Row(STAFF, get=200, post=422),
    # Without a file there is nothing to preview or confirm.
    "editorial:sheet": Row((NURSE, DOCTOR), get=200, post=422),
    "editorial:sheet-preview": Row((NURSE, DOCTOR), get=302),
    "editorial:sheet-confirm": Row((NURSE, DOCTOR), post=302),
    "editorial:export-csv": Row((NURSE, DOCTOR), get=200),
    "editorial:export-xlsx": Row((NURSE, DOCTOR), get=200),
}


def every_address(desk: Desk) -> dict[str, str]:
    """The routes of all addresses by name."""
    routes: dict[str, str] = json.loads(desk.scene("addresses()"))
    return routes


def test_every_address_is_in_the_table(open_desk: OpenDesk) -> None:
    assert set(every_address(open_desk.desk)) == set(TABLE)


@pytest.fixture(scope="module")
def people(open_desk: OpenDesk) -> Iterator[dict[str, Browser]]:
    """A browser for everyone."""
    with ExitStack() as at_end:
        browsers = {person: at_end.enter_context(Browser(open_desk.desk)) for person in EVERYONE}
        open_desk.desk.scene(f"without_a_role({ROLELESS!r})")
        for person in (*STAFF, ROLELESS):
            browsers[person].log_in(person)
        open_desk.desk.scene(f"without_a_role({HALF!r})")
        open_desk.desk.scene(f"can_log_in({HALF!r})")
        browsers[HALF].give_password(HALF)
        yield browsers


def test_every_role_gets_what_the_table_says(
    open_desk: OpenDesk, people: dict[str, Browser]
) -> None:
    desk = open_desk.desk
    wrong = []
    for (name, route), method, person in product(
        sorted(every_address(desk).items(), key=lambda item: item[0] == "staff:logout"),
        ("GET", "POST"),
        EVERYONE,
    ):
        # Its own objects for each request, so that none finds what another left.
        address = desk.scene(f"address({route!r})")
        status = people[person].status(method, address)
        expected = TABLE[name].expected(method, person)
        if status != expected:
            wrong.append(f"{method} {name} by {person}: {status}, not {expected}")
    assert not wrong, "\n".join(wrong)


#: Posted to by other programs: who they are, a signature or a token says, not a cookie.
PROGRAMS = ("alive", "ready", "line-webhook", "api:", "chat:")


def test_no_form_is_taken_without_its_token(
    open_desk: OpenDesk, people: dict[str, Browser]
) -> None:
    forms = {
        name: route
        for name, route in every_address(open_desk.desk).items()
        if TABLE[name].post != 405 and not name.startswith(PROGRAMS)
    }
    assert len(forms) > 50
    taken = [
        name
        for name, route in every_address(open_desk.desk).items()
        if name.partition(":")[0]
        in ("console", "editorial", "staff", "training", "gaps", "privacy")
        and TABLE[name].post != 405
        and people[ADMINISTRATOR].status("POST", _any(route), with_token=False) != 403
        for name, route in forms.items()
        if people[ADMINISTRATOR].status("POST", _any(route), with_token=False) != 403
    ]
    assert taken == []


def _any(route: str) -> str:
    """An address of a route, of things that need not exist."""
    route = re.sub(r"<uuid:\w+>", str(uuid.UUID(int=0)), re.sub(r"<int:\w+>", "0", route))
    return re.sub(r"<(?:str:)?\w+>", "x", route)
