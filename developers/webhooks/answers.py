"""What came of an attempt, in a sentence that says what to do."""

from developers.models import Attempt

_BY_STATUS = {
    400: "Your server refused it as malformed (400). Its log says what it objected to.",
    401: "Your server asks for credentials (401). Verify the signature instead of a log-in.",
    403: "Your server refuses the portal (403). Look for a firewall or a log-in before the hook.",
    404: "Nothing is at this path (404). Compare the destination’s address with your routes.",
    405: "This path takes no POST (405). Compare the destination’s address with your routes.",
    408: "Your server gave up waiting for the request (408).",
    410: "Your server says that nobody listens here any more (410). That disables the destination.",
    413: "Your server takes no body of this size (413). Raise its limit.",
    415: "Your server takes no application/json (415).",
    429: "Your server was asked too often (429). The next attempt waits.",
    500: "Your server broke while it handled the event (500). Its log says where.",
    502: "The proxy before your server reached nothing behind it (502).",
    503: "Your server says that it is not available just now (503).",
    504: "The proxy before your server waited too long for it (504). Answer first, then work.",
}
# By a word of the error, in this order.
_BY_ERROR = (
    (
        "certificate",
        "The certificate of your server is not trusted. Renew it, with all that it rests on.",
    ),
    ("TLS", "No encrypted connection could be made. Offer TLS 1.2 or newer."),
    ("no address", "The host name leads nowhere. Check the spelling and its DNS records."),
    ("public address", "The host leads to a private address. Only public ones are sent to."),
    ("refused", "Nothing accepts connections there. Is your server running and open to us?"),
    ("broke off", "The connection broke off before an answer came."),
    ("within", "No answer came in time. Answer at once, and work on the event afterwards."),
    ("deadline", "No answer came in time. Answer at once, and work on the event afterwards."),
    ("portal", "The portal failed, not your server. It tries again."),
)


def sentence(attempt: Attempt) -> str:
    """Of that attempt; empty where there is nothing to add to its status."""
    status = attempt.status_code
    if status is None:
        return _of_error(attempt.error)
    if 200 <= status < 300:
        return ""
    if 300 <= status < 400:
        return (
            f"Your server sent the portal elsewhere ({status}). Redirects are not followed: "
            "enter the final address."
        )
    usual = "refused it" if status < 500 else "failed while it handled the event"
    return _BY_STATUS.get(status, f"Your server {usual} ({status}). Its log says why.")


def _of_error(error: str) -> str:
    known = (words for mark, words in _BY_ERROR if mark in error)
    return next(known, "The request could not be made.")
