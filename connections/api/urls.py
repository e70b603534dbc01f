"""Where the API is: under /v2 and /api/v2, and Terra's newer address of the widget session."""

from django.urls import URLPattern, URLResolver, path, re_path

from connections.api import (
    auth_tokens,
    authenticate,
    counts,
    data,
    integrations,
    revocations,
    sessions,
    subscriptions,
    users,
)
from developers.api import answered, api, mounted, unknown
from developers.rest import destinations, events, figures, recoveries

for module in (sessions, authenticate, auth_tokens, users, subscriptions, integrations, data):
    api.add_router("", module.router)
for ours in (counts, revocations, destinations, events, recoveries, figures):
    api.add_router("/portal", ours.router)

_api = api.urls
_views = mounted(_api[0])

urlpatterns: list[URLPattern | URLResolver] = [
    re_path(r"^(?:api/)?v2/", _api),
    path("api/widget/session", _views["generate_widget_session"], name="widget_session"),
    # Whatever else begins so is for machines as well: no page, no redirect to one with a slash.
    re_path(r"^(?:v2|api)(?:/.*)?$", answered(unknown), name="api_unknown"),
]
