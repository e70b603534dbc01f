"""How allauth behaves here: people sign up by e-mail, their MFA secrets are encrypted."""

from allauth.account.adapter import DefaultAccountAdapter
from allauth.mfa.adapter import DefaultMFAAdapter

from terra_portal import crypto


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    """The stock behaviour; named here so that a change has its place."""


class MFAAdapter(DefaultMFAAdapter):  # type: ignore[misc]
    """Keeps TOTP secrets and recovery seeds as ciphertext."""

    PLACE = "mfa"

    def encrypt(self, text: str) -> str:
        return crypto.seal(text, place=self.PLACE)

    def decrypt(self, encrypted_text: str) -> str:
        return crypto.unseal(encrypted_text, place=self.PLACE)
