"""The company side of the dashboard."""

from django.urls import URLPattern, URLResolver, include, path

from developers.dashboard import (
    api_keys,
    audit,
    destination,
    destination_secret,
    destination_settings,
    destinations,
    event,
    events,
    home,
    members,
    recoveries,
    settings,
)

of_environment: list[URLPattern | URLResolver] = [
    path("api-keys/", api_keys.api_keys, name="api_keys"),
    path("api-keys/new/", api_keys.create, name="api_key_create"),
    path("api-keys/<uuid:key_id>/revoke/", api_keys.revoke, name="api_key_revoke"),
    path("destinations/", destinations.destinations, name="destinations"),
    path("destinations/new/", destinations.create, name="destination_create"),
    path("destinations/<uuid:destination_id>/", destination.destination, name="destination"),
    path(
        "destinations/<uuid:destination_id>/settings/",
        destination_settings.change,
        name="destination_settings",
    ),
    path(
        "destinations/<uuid:destination_id>/rotate/",
        destination_secret.rotate,
        name="destination_rotate",
    ),
    path(
        "destinations/<uuid:destination_id>/example/",
        destination.example,
        name="destination_example",
    ),
    path("destinations/<uuid:destination_id>/pause/", destination.pause, name="destination_pause"),
    path(
        "destinations/<uuid:destination_id>/enable/", destination.enable, name="destination_enable"
    ),
    path(
        "destinations/<uuid:destination_id>/remove/", destination.remove, name="destination_remove"
    ),
    path("events/", events.events, name="events"),
    path("events/<uuid:event_id>/", event.event, name="event"),
    path("events/<uuid:event_id>/resend/", event.send_everywhere, name="event_resend"),
    path(
        "events/<uuid:event_id>/deliveries/<uuid:delivery_id>/resend/",
        event.send_again,
        name="event_delivery_resend",
    ),
    path("recoveries/", recoveries.recoveries, name="recoveries"),
    path("recoveries/new/", recoveries.create, name="recovery_create"),
    path("recoveries/<uuid:recovery_id>/", recoveries.recovery, name="recovery"),
    path("settings/", settings.environment_settings, name="environment_settings"),
    path("members/", members.members, name="members"),
    path("members/add/", members.add, name="member_add"),
    path("members/<uuid:member_id>/role/", members.change_role, name="member_role"),
    path("members/<uuid:member_id>/remove/", members.remove, name="member_remove"),
    path("audit/", audit.audit, name="audit"),
]

urlpatterns: list[URLPattern | URLResolver] = [
    path("", home.home, name="home"),
    path("companies/new/", home.company_create, name="company_create"),
    path("c/<slug:company>/<slug:environment>/", include(of_environment)),
]
