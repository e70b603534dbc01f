"""Where the API is: under /v2 and /api/v2, and Terra's newer address of the widget session."""

from django.urls import URLPattern, URLResolver, path, re_path

from connections.api import counts, integrations, sessions, subscriptions, users
from developers.api import answered, api, mounted, unknown
from developers.rest import destinations, events, figures, recoveries

for module in (sessions, users, subscriptions, integrations):
    api.add_router("", module.router)
for ours in (counts, destinations, events, recoveries, figures):
    api.add_router("/portal", ours.router)

_api = api.urls
_views = mounted(_api[0])

urlpatterns: list[URLPattern | URLResolver] = [
    re_path(r"^(?:api/)?v2/", _api),
    path("api/widget/session", _views["generate_widget_session"], name="widget_session"),
    # Whatever else begins so is for machines as well: no page, no redirect to one with a slash.
    re_path(r"^(?:v2|api)(?:/.*)?$", answered(unknown), name="api_unknown"),
]
