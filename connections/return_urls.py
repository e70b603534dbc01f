"""Where a person may be sent back to, checked when a link is made and again before the redirect."""

from collections.abc import Mapping
from urllib.parse import quote, urlencode, urlsplit

from developers.environments import origin
from developers.models import Environment
from developers.states import EnvironmentKind
from terra_portal.errors import InvalidInputError

MAX_LENGTH = 2000


def check(environment: Environment, url: str, *, field: str) -> str:
    """`url` as it may be used; the empty string means: the portal's own result page.

    Testing environments may return anywhere that is an address; staging and production only to
    the exact origins and app schemes on their list. Raises InvalidInputError naming the field.
    """
    if not url:
        return ""
    if len(url) > MAX_LENGTH:
        raise InvalidInputError(field, f"must have at most {MAX_LENGTH} characters")
    try:
        found = origin(url)
    except ValueError:
        raise InvalidInputError(
            field, "must be an http, https or app address, without spaces or a password"
        ) from None
    if environment.kind != EnvironmentKind.TESTING and found not in environment.return_origins:
        raise InvalidInputError(
            field, f"{found} is not on this environment's list of return addresses"
        )
    return url


def is_allowed(environment: Environment, url: str) -> bool:
    """The same rule, asked again before a redirect: the list may have shrunk meanwhile."""
    try:
        return bool(check(environment, url, field="url"))
    except InvalidInputError:
        return False


def with_query(url: str, answers: Mapping[str, str]) -> str:
    """`url` with `answers` behind its own query, which is kept as it is."""
    parts = urlsplit(url)
    query = "&".join(filter(None, [parts.query, urlencode(answers, quote_via=quote)]))
    # urlunsplit would drop the slashes of an app address like myapp://?x=1.
    bare = url.split("#", 1)[0].split("?", 1)[0]
    fragment = f"#{parts.fragment}" if parts.fragment else ""
    return f"{bare}?{query}{fragment}"
