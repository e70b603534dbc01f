from django.urls import include, path

from . import personalities, routes
from .inbox import hook
from .inbox import pages as inbox
from .pages import apps, consent, developer, home, sign_in

urlpatterns = [
    path("", home.home, name="home"),
    path("sign-in/", sign_in.sign_in, name="sign_in"),
    path("sign-out/", sign_in.sign_out, name="sign_out"),
    path("settings/apps/", apps.connected, name="connected"),
    path("settings/apps/<int:app_id>/revoke/", apps.revoke, name="revoke"),
    path("settings/apps/<int:app_id>/permissions/", apps.permissions, name="permissions"),
    path("developer/", developer.developer, name="developer"),
    path("inbox/", inbox.inboxes, name="inboxes"),
    path("inbox/<slug:slug>/", inbox.inbox, name="inbox"),
    path("inbox/<slug:slug>/secret/", inbox.secret, name="inbox_secret"),
    path("inbox/<slug:slug>/answer/", inbox.answer, name="inbox_answer"),
    path("inbox/<slug:slug>/hook/", hook.hook, name="inbox_hook"),
    path("control/", include("connections.sandbox.control.urls")),
]
for personality in personalities.everyone().values():
    urlpatterns += [path(one, consent.authorize) for one in personality.authorize_paths]
    urlpatterns += routes.urlpatterns(personality)
