"""The URL map of the portal."""

from allauth.account.decorators import secure_admin_login
from django.conf import settings
from django.contrib import admin
from django.urls import include, path

from terra_portal.account_admin import restrain
from terra_portal.pages import healthz

admin.autodiscover()
restrain(admin.site)
admin.site.login = secure_admin_login(admin.site.login)  # type: ignore[method-assign]

urlpatterns = [
    path("healthz", healthz, name="healthz"),
    path("accounts/", include("allauth.account.urls")),
    path("accounts/2fa/", include("allauth.mfa.urls")),
    path("accounts/sessions/", include("allauth.usersessions.urls")),
    path("admin/", admin.site.urls),
    path("", include("connections.api.urls")),
    path("", include("developers.dashboard.urls")),
    path("", include("connections.urls")),
]
if settings.DEMO:
    urlpatterns.append(path("demo/", include("terra_portal.demo.urls")))
