from django.urls import path

from terra_portal.demo import pages

urlpatterns = [
    path("mail/", pages.mailbox, name="demo_mailbox"),
    path("mail/<slug:name>/", pages.one_mail, name="demo_mail"),
]
