"""The wearable side of an environment's dashboard."""

from django.urls import URLPattern, URLResolver, path

from connections.dashboard import (
    connect_links,
    overview,
    revocations,
    sources,
    sources_one,
    user,
    user_changes,
    users,
)

urlpatterns: list[URLPattern | URLResolver] = [
    path("", overview.overview, name="overview"),
    path("users/", users.users, name="users"),
    path("users/<uuid:user_id>/", user.user, name="user"),
    path("users/<uuid:user_id>/disconnect/", user.disconnect, name="user_disconnect"),
    path("users/<uuid:user_id>/reference/", user_changes.reference, name="user_reference"),
    path("users/<uuid:user_id>/pause/", user_changes.pause, name="user_pause"),
    path("users/<uuid:user_id>/resume/", user_changes.resume, name="user_resume"),
    path("revocations/", revocations.revocations, name="revocations"),
    path("revocations/export.csv", revocations.export, name="revocations_export"),
    path("connect-links/", connect_links.connect_links, name="connect_links"),
    path("connect-links/new/", connect_links.create, name="connect_link_create"),
    path("connect-links/<uuid:link_id>/cancel/", connect_links.cancel, name="connect_link_cancel"),
    path("sources/", sources.sources, name="sources"),
    path("sources/<slug:provider>/", sources_one.source, name="source"),
    path("sources/<slug:provider>/switch/", sources.switch, name="source_switch"),
    path("sources/<slug:provider>/move/", sources.move, name="source_move"),
    path("sources/<slug:provider>/data/", sources_one.data, name="source_data"),
    path(
        "sources/<slug:provider>/application/", sources_one.application, name="source_application"
    ),
    path("sources/<slug:provider>/close/", sources_one.close, name="source_close"),
]
