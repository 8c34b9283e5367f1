"""Webhooks as LINE posts them."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
import uuid

#: The account to which webhooks are addressed.
ACCOUNT = "U" + "0" * 32
#: Answers every call that the desk makes of LINE.
YES = b'{"type": "none", "totalUsage": 0, "sentMessages": [{"id": "1"}]}'


def webhook(port: int, secret: str, patient: str, text: str) -> tuple[bytes, str]:
    """A webhook as LINE posts it, and its reply token.

    Args:
        port: the desk's.
        secret: the channel's.
        patient: a LINE user id.
        text: what the patient wrote.
    """
    token = uuid.uuid4().hex
    event = {
        "type": "message", "mode": "active", "timestamp": int(time.time() * 1000),
        "webhookEventId": uuid.uuid4().hex, "replyToken": token,
        "source": {"type": "user", "userId": patient}, "deliveryContext": {"isRedelivery": False},
        "message": {"id": uuid.uuid4().hex, "type": "text", "text": text, "quoteToken": "q"},
    }  # fmt: skip
    body = json.dumps({"destination": ACCOUNT, "events": [event]}).encode()
    signature = base64.b64encode(hmac.digest(secret.encode(), body, hashlib.sha256))
    head = (
        f"POST /line/webhook HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n"
        f"X-Line-Signature: {signature.decode()}\r\nConnection: close\r\n\r\n"
    )
    return head.encode() + body, token
