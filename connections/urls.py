"""Everything of the wearable side."""

from django.urls import URLPattern, URLResolver, include, path

urlpatterns: list[URLPattern | URLResolver] = [
    path("connect/", include("connections.pages.urls")),
    path("c/<slug:company>/<slug:environment>/", include("connections.dashboard.urls")),
]
