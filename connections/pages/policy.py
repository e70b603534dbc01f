"""How far a form of these pages may lead: the page's `form-action` and the way out."""

import re
from collections.abc import Iterable
from urllib.parse import urlsplit

from csp.decorators import csp_update
from django.http import HttpRequest, HttpResponse
from django.utils.encoding import iri_to_uri

# A source that is anything else could end the directive and begin another one.
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*")
_HOST = re.compile(r"[a-z0-9.-]+")
_DEFAULT_PORTS = {"http": 80, "https": 443}


def source(url: str) -> str:
    """The URL's origin, or its scheme where an app is meant (CSP 3 §2.3.1); "" for neither."""
    try:
        parts = urlsplit(url)
        scheme, host, port = parts.scheme.lower(), _ascii(parts.hostname or ""), parts.port
    except ValueError:
        return ""
    if not _SCHEME.fullmatch(scheme):
        return ""
    if scheme not in _DEFAULT_PORTS:
        return f"{scheme}:"
    if not _HOST.fullmatch(host):
        return ""
    shown = "" if port in (None, _DEFAULT_PORTS[scheme]) else f":{port}"
    return f"{scheme}://{host}{shown}"


def let_forms_reach(response: HttpResponse, urls: Iterable[str]) -> HttpResponse:
    """Widens `form-action` of this one answer, by exactly the sources of these URLs.

    Chromium holds a form's whole chain of redirects against the policy of the page that has
    the form: the provider, and the return addresses to which an attempt may fall straight
    through.
    """
    sources = sorted({source(url) for url in urls if url} - {""})
    if sources:
        csp_update({"form-action": sources})(lambda _request: response)(HttpRequest())
    return response


def away(url: str) -> HttpResponse:
    """A redirect to an address that was checked before; app schemes are welcome."""
    response = HttpResponse(status=302)
    response["Location"] = iri_to_uri(url)
    return response


def _ascii(host: str) -> str:
    return host.lower() if host.isascii() else host.encode("idna").decode("ascii")
