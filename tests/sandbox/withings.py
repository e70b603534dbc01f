"""An app at Withings' stand-in."""

import hashlib
import hmac
import time
from typing import Any

import requests

from .stand_in import StandIn

AUTHORIZE = "https://account.withings.com/oauth2_user/authorize2"
API = "https://wbsapi.withings.net"
OAUTH, SIGNATURE, NOTIFY = f"{API}/v2/oauth2", f"{API}/v2/signature", f"{API}/notify"
SCOPES = "user.info,user.metrics,user.activity,user.sleepevents"
INVALID_TOKEN = "XRequestID: Not provided invalid_token: The access token provided is invalid"
GONE = (503, "Invalid Params: invalid refresh_token")


class Withings(StandIn):
    def authorize(self, **changes: str | None) -> str:
        no_pkce = {"code_challenge": None, "code_challenge_method": None}
        return self.authorize_url(AUTHORIZE, **{**no_pkce, "scope": SCOPES, **changes})

    def token(self, form: dict[str, str]) -> requests.Response:
        asked = {"action": "requesttoken", **self.in_body, **form}
        return self.call("POST", OAUTH, data=asked)

    def exchange(self, code: str, **changes: str) -> requests.Response:
        form = {"code": code, "redirect_uri": self.redirect_uri, **changes}
        return self.token({"grant_type": "authorization_code", **form})

    def connect(self, **more: Any) -> dict[str, Any]:
        return body(self.exchange(self.decide(self.authorize(), **more)["code"]))

    def refresh(self, tokens: dict[str, Any]) -> requests.Response:
        form = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}
        return self.token(form)

    def notify(self, tokens: dict[str, Any], action: str, **more: str) -> requests.Response:
        form = {"action": action, "appli": "46", **more}
        return self.call("POST", NOTIFY, tokens["access_token"], data=form)

    def subscribe(self, tokens: dict[str, Any], **more: str) -> requests.Response:
        return self.notify(tokens, "subscribe", **{"callbackurl": self.notice_url, **more})

    def signed(self, action: str, name: str, value: str) -> dict[str, str]:
        said = f"{action},{self.client_id},{value}"
        signature = hmac.new(self.secret.encode(), said.encode(), hashlib.sha256).hexdigest()
        form = {"action": action, "client_id": self.client_id, name: value}
        return {**form, "signature": signature}

    def nonce(self) -> str:
        form = self.signed("getnonce", "timestamp", str(int(time.time())))
        return str(body(self.call("POST", SIGNATURE, data=form))["nonce"])

    def revoke(self, userid: str, **changes: str) -> requests.Response:
        form = {**self.signed("revoke", "nonce", self.nonce()), "userid": userid, **changes}
        return self.call("POST", OAUTH, data=form)

    def lives(self, tokens: dict[str, Any]) -> tuple[bool, bool]:
        answers = self.notify(tokens, "list"), self.refresh(tokens)
        return answers[0].json()["status"] == 0, answers[1].json()["status"] == 0


def body(answer: requests.Response) -> dict[str, Any]:
    said = answer.json()
    assert (answer.status_code, said["status"]) == (200, 0), said
    return dict(said["body"])


def error(answer: requests.Response) -> tuple[int, str]:
    """Whatever is wrong is told with HTTP 200."""
    said = answer.json()
    assert (answer.status_code, said["body"]) == (200, {})
    return said["status"], said["error"]
