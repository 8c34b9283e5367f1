"""LINE's addresses."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST


@csrf_exempt
@require_POST
def webhook(request: HttpRequest) -> HttpResponse:
    """What LINE posts (``desk.line.webhook``); without an account there is no such address."""
    if settings.ENVIRONMENT.line is None:
        return HttpResponse(status=404)
    from desk.line.webhook import take

    return take(request)


urlpatterns = [path("webhook", webhook, name="line-webhook")]
