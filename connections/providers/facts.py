"""What is known of a provider, how well, and where it is written."""

from dataclasses import dataclass
from enum import Enum


class Confidence(Enum):
    DOCUMENTED = "documented"
    CODE = "seen in integrators' code"
    REPORTED = "reported by others"
    INFERRED = "inferred"
    UNKNOWN = "not found"


class About(Enum):
    """What every provider module has to say something about."""

    CLIENT = "client authentication and PKCE"
    TOKENS = "token lifetimes and rotation"
    ACCOUNT = "account id"
    SECOND_CONSENT = "a second consent of the same account"
    REVOKE = "what our revoke ends"
    SIGNAL = "how a revocation by the person is told"
    PROOF = "how a notice proves itself"
    DEAD = "what a dead authorisation answers"
    LIMITS = "rate limits"


@dataclass(frozen=True)
class Fact:
    """One sentence, and a page where it can be read; the page is empty where none says it."""

    about: About
    says: str
    confidence: Confidence
    page: str = ""
