"""Everything of the wearable side."""

from django.urls import URLPattern, URLResolver, include, path

from connections.hooks import hook

urlpatterns: list[URLPattern | URLResolver] = [
    path("hooks/<slug:provider>/<str:hook_id>/", hook, name="hook"),
    path("connect/", include("connections.pages.urls")),
    path("c/<slug:company>/<slug:environment>/", include("connections.dashboard.urls")),
]
