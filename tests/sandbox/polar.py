"""An app at Polar's stand-in."""

import hashlib
import hmac
from typing import Any

import requests

from .company import Received
from .stand_in import StandIn

AUTHORIZE = "https://flow.polar.com/oauth2/authorization"
TOKEN = "https://polarremote.com/v2/oauth2/token"
API = "https://www.polaraccesslink.com/v3"
USERS, WEBHOOKS = f"{API}/users", f"{API}/webhooks"
SCOPE = "accesslink.read_all"


class Polar(StandIn):
    def authorize(self, **changes: str | None) -> str:
        no_pkce = {"code_challenge": None, "code_challenge_method": None}
        return self.authorize_url(AUTHORIZE, **{**no_pkce, "scope": SCOPE, **changes})

    def token(self, form: dict[str, str]) -> requests.Response:
        return self.call("POST", TOKEN, data=form, auth=self.basic)

    def exchange(self, code: str, **changes: str) -> requests.Response:
        form = {"code": code, "redirect_uri": self.redirect_uri, **changes}
        return self.token({"grant_type": "authorization_code", **form})

    def connect(self) -> dict[str, Any]:
        answer = self.exchange(self.decide(self.authorize())["code"])
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    def register(self, tokens: dict[str, Any], member_id: Any = "") -> requests.Response:
        member = {"member-id": member_id or f"member of {self.account}"}
        return self.call("POST", USERS, tokens["access_token"], json=member)

    def user(self, tokens: dict[str, Any], method: str = "GET") -> requests.Response:
        return self.call(method, f"{USERS}/{tokens['x_user_id']}", tokens["access_token"])

    def webhook(self, method: str = "GET", key: str = "", **more: Any) -> requests.Response:
        url = f"{WEBHOOKS}/{key}" if key else WEBHOOKS
        return self.call(method, url, **{"auth": self.basic, **more})

    def order(self, **changes: Any) -> requests.Response:
        asked = {"events": ["EXERCISE", "SLEEP"], "url": self.notice_url, **changes}
        return self.webhook("POST", json=asked)


def signature(body: bytes, secret: str) -> str:
    return hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def proof(notice: Received) -> str:
    return notice.headers["polar-webhook-signature"]
