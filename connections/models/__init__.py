from connections.models.auth_token import AuthToken
from connections.models.connect import ConnectAttempt, ConnectSession
from connections.models.connection import Connection, ConnectionQuerySet
from connections.models.grant import Grant
from connections.models.incident import HeldEnd, Incident
from connections.models.notice import Notice
from connections.models.oauth_client import OAuthClient, Source
from connections.models.revocation import Revocation, RevocationDetail, UpstreamRevoke
from connections.models.user_count import UserCount

__all__ = [
    "AuthToken",
    "ConnectAttempt",
    "ConnectSession",
    "Connection",
    "ConnectionQuerySet",
    "Grant",
    "HeldEnd",
    "Incident",
    "Notice",
    "OAuthClient",
    "Revocation",
    "RevocationDetail",
    "Source",
    "UpstreamRevoke",
    "UserCount",
]
