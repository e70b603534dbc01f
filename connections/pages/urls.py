from django.urls import URLPattern, path

from connections.pages import brand
from connections.pages.callback import callback, finishing
from connections.pages.confirm import confirm
from connections.pages.manage import manage
from connections.pages.picker import connect
from connections.pages.start import again, start

# The fixed words stand before the token, which would match them too.
urlpatterns: list[URLPattern] = [
    path("callback/<str:provider>/", callback, name="connect_callback"),
    path("confirm/<uuid:attempt_id>/", confirm, name="connect_confirm"),
    path("again/<uuid:attempt_id>/", again, name="connect_again"),
    path("finishing/<uuid:attempt_id>/", finishing, name="connect_finishing"),
    path("attempt/<uuid:attempt_id>/brand.css", brand.of_attempt, name="connect_attempt_brand"),
    path("<str:token>/", connect, name="connect"),
    path("<str:token>/brand.css", brand.of_link, name="connect_brand"),
    path("<str:token>/start/<str:provider>/", start, name="connect_start"),
    path("<str:token>/disconnect/<uuid:user_id>/", manage, name="connect_manage"),
]
