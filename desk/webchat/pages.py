"""The page that shows the chat, and the one that tells clinics how to show it on theirs."""

from __future__ import annotations

import base64
import functools
import hashlib
from pathlib import Path

from django.contrib.staticfiles import finders
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.templatetags.static import static
from django.views.decorators.http import require_safe

from desk.conversations.equipment import equipment

#: The widget, as ``make setup`` builds it.
WIDGET = "widget/chat.js"


@require_safe
def patient_page(request: HttpRequest) -> HttpResponse:
    """``/``: the clinic's page with the chat."""
    return render(request, "webchat/page.html", _clinic() | {"widget": static(WIDGET)})


@require_safe
def embed_page(request: HttpRequest) -> HttpResponse:
    """``/embed``: how a clinic puts the chat into its own page."""
    desk = f"{request.scheme}://{request.get_host()}"
    found = finders.find(WIDGET)
    return render(
        request, "webchat/embed.html",
        _clinic() | {
            "desk": desk,
            "widget": f"{desk}{static(WIDGET)}",
            "integrity": _integrity(found, Path(found).stat().st_mtime_ns) if found else "",
        },
    )  # fmt: skip


def _clinic() -> dict[str, object]:
    tools = equipment()
    return {
        "desk_name": tools.messages.text("web_name"),
        "clinic": tools.messages.fill("{clinic_name}"),
        "phone": tools.messages.fill("{phone}"),
        "hours": tools.messages.fill("{hours}"),
        "emergency": tools.messages.fill("{fire_119}"),
        "is_demo": tools.knowledge.demo,
    }


@functools.lru_cache(maxsize=1)
def _integrity(path: str, _: int) -> str:
    """What a browser compares the widget with (Subresource Integrity)."""
    digest = hashlib.sha384(Path(path).read_bytes()).digest()
    return f"sha384-{base64.b64encode(digest).decode()}"
