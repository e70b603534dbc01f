from .account import Account
from .app import App
from .call import Call
from .consent import Consent
from .dial import Dial
from .inbox import Arrival, Inbox
from .notice import Notice, Sending
from .subscription import Subscription
from .token import AccessToken, Code, DeviceGrant, IDToken, RefreshToken

__all__ = [
    "AccessToken",
    "Account",
    "App",
    "Arrival",
    "Call",
    "Code",
    "Consent",
    "DeviceGrant",
    "Dial",
    "IDToken",
    "Inbox",
    "Notice",
    "RefreshToken",
    "Sending",
    "Subscription",
]
