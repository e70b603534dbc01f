"""Where a person may be sent back to, checked when a link is made and again before the redirect."""

import re
from collections.abc import Mapping
from urllib.parse import SplitResult, parse_qsl, quote, urlencode, urlsplit

from developers.models import Environment
from developers.states import EnvironmentKind
from terra_portal.errors import InvalidInputError

FORBIDDEN_SCHEMES = {"javascript", "data", "file", "vbscript", "blob", "about", "view-source"}
MAX_LENGTH = 2000
_UNFIT = re.compile(r"[\x00-\x20\x7f-\x9f\\\ud800-\udfff]")
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*")


def check(environment: Environment, url: str, *, field: str) -> str:
    """`url` as it may be used; the empty string means: the portal's own result page.

    Raises InvalidInputError that names the field.
    """
    if not url:
        return ""
    parts = _split(url, field)
    if environment.kind == EnvironmentKind.TESTING:
        return url
    if origin(parts) not in environment.return_origins:
        raise InvalidInputError(
            field, f"{origin(parts)} is not on this environment's list of return addresses"
        )
    return url


def is_allowed(environment: Environment, url: str) -> bool:
    """The same rule, asked again before a redirect: the list may have shrunk meanwhile."""
    try:
        return bool(check(environment, url, field="url"))
    except InvalidInputError:
        return False


def origin(parts: SplitResult) -> str:
    """`https://app.example` for the web, `myapp://` for an app's own scheme."""
    if parts.scheme in {"http", "https"}:
        return f"{parts.scheme}://{parts.netloc.lower()}"
    return f"{parts.scheme}://"


def with_query(url: str, answers: Mapping[str, str]) -> str:
    """`url` with `answers` behind its own query, which is kept as it is."""
    parts = urlsplit(url)
    own = {name for name, _ in parse_qsl(parts.query, keep_blank_values=True)}
    added = urlencode({k: v for k, v in answers.items() if k not in own}, quote_via=quote)
    query = "&".join(filter(None, [parts.query, added]))
    # urlunsplit would drop the slashes of an app address like myapp://?x=1.
    bare = url.split("#", 1)[0].split("?", 1)[0]
    fragment = f"#{parts.fragment}" if parts.fragment else ""
    return f"{bare}?{query}{fragment}"


def _split(url: str, field: str) -> SplitResult:
    if len(url) > MAX_LENGTH:
        raise InvalidInputError(field, f"must have at most {MAX_LENGTH} characters")
    if _UNFIT.search(url):
        raise InvalidInputError(field, "must not contain spaces, control characters or backslashes")
    try:
        parts = urlsplit(url)
        has_port_or_none = parts.port is None or parts.port > 0
    except ValueError:
        raise InvalidInputError(field, "is not an address") from None
    if not _SCHEME.fullmatch(parts.scheme) or parts.scheme in FORBIDDEN_SCHEMES:
        raise InvalidInputError(field, "must be an http, https or app address")
    web = parts.scheme in {"http", "https"}
    if web and (not parts.hostname or "@" in parts.netloc or not has_port_or_none):
        raise InvalidInputError(field, "must name a host, and no user or password")
    return parts
