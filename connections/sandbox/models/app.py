from django.db import models
from oauth2_provider.models import AbstractApplication
from oauthlib.oauth2.rfc6749.errors import MissingRedirectURIError


class App(AbstractApplication):
    """A developer's client. Its secret is kept readable: notices are signed with it.

    It is a client of one wearable company, named by ``personality``, and unknown to the others.
    ``notice_secret`` is what that company's notices are known by beside the client secret.
    """

    personality = models.CharField(max_length=20, default="sandbox")
    notice_url = models.URLField(max_length=500, blank=True)
    notice_secret = models.CharField(max_length=255, blank=True)
    # When the notice URL passed the test of a company that tests it.
    notice_verified_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return str(self.name or self.client_id)

    @property
    def redirect_uri_list(self) -> list[str]:
        return str(self.redirect_uris).split()

    @property
    def default_redirect_uri(self) -> str:
        """There is none: a request names its redirect URI."""
        raise MissingRedirectURIError()

    def redirect_uri_allowed(self, uri: str) -> bool:
        return uri in self.redirect_uri_list
