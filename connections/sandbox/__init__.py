"""Sandbox Wearables: a make-believe wearable company in a process of its own.

It speaks OAuth 2 over HTTP and, unless a dial says otherwise, is as harsh as the harshest real
provider:

- A code lives 60 s and works once. A second use of a code kills the tokens of the first.
- A refresh kills the refresh token and the access token before it; using a rotated refresh token
  again kills the consent.
- When a code is exchanged, every other consent of the same account for the same client that has
  tokens is dead, silently: the exchange that comes last lives, in whatever order the person
  consented.
- Revoking any token kills its whole consent and sends a notice, as if the person had pressed
  *Revoke access*. Nothing else sends notices.
- Every notice is sent at once and again late: same id, same body, fresh signature.

Beside itself it plays real companies, each under the names of its hosts (``personalities``). Where
their documentation says nothing, they are as harsh as above.

Nothing in here knows the portal, and nothing of the portal knows this.
"""
