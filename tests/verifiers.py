"""What companies verify webhooks with: the packages of others, none of our own code."""

from collections.abc import Sequence

from standardwebhooks import Webhook as StandardWebhook
from svix.webhooks import Webhook as SvixWebhook
from terra.utils.verify_signature import verify_terra_webhook_signature

from tests.developers.sink import Arrival
from tests.javascript import Node

VALID = "valid"
# What each package says where no signature was made with the secret.
REFUSALS = {"No matching signature found"}


def python(arrival: Arrival, secret: str) -> dict[str, str]:
    return {
        "terra-python": _terra(arrival, secret),
        "standardwebhooks (Python)": _said(StandardWebhook(secret), arrival),
        "svix (Python)": _said(SvixWebhook(secret), arrival),
    }


def _terra(arrival: Arrival, secret: str) -> str:
    signature = arrival.headers["terra-signature"]
    try:
        verified = verify_terra_webhook_signature(arrival.body.decode(), signature, secret)
    except Exception as refusal:
        return str(refusal)
    return VALID if verified else "nothing came back"


def _said(webhook: StandardWebhook | SvixWebhook, arrival: Arrival) -> str:
    try:
        webhook.verify(arrival.body, arrival.headers)
    except Exception as refusal:
        return str(refusal)
    return VALID


def everybody(arrivals: Sequence[Arrival], secret: str, node: Node) -> dict[str, set[str]]:
    """What each package says of these requests, all words that fell."""
    found: dict[str, set[str]] = {}
    for arrival in arrivals:
        for name, said in python(arrival, secret).items():
            found.setdefault(name, set()).add(said)
    requests = [
        {"body": arrival.body.decode(), "headers": arrival.headers, "secret": secret}
        for arrival in arrivals
    ]
    for name, verdicts in node.verdicts(requests).items():
        found[f"{name} (JavaScript)"] = set(verdicts)
    return found
