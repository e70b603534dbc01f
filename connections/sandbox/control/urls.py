from django.urls import path

from . import clients, consents, dials, inboxes, notices, people

urlpatterns = [
    path("clients", clients.put),
    path("clients/verify", clients.verify),
    path("consents", consents.listed),
    path("dials", dials.dials_),
    path("log", dials.log),
    path("accounts/<path:name>", people.account),
    path("authorize", people.authorize),
    path("revoke", people.revoke),
    path("permissions", people.permissions),
    path("news", people.news),
    path("delete_account", people.delete_account),
    path("notices", notices.listed),
    path("notices/draft", notices.draft),
    path("notices/resend", notices.resend),
    path("notices/forge", notices.forge),
    path("inboxes/<slug:slug>", inboxes.inbox),
    path("inboxes/<slug:slug>/events", inboxes.events),
]
