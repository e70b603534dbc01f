"""Keeps secrets out of log lines: link tokens, codes, states, keys, signing secrets."""

import logging
import re

_RULES = [
    (re.compile(r"(/connect/)[\w-]{20,}"), r"\1[link]"),
    (re.compile(r"(/hooks/[\w-]+/)[\w-]{16,}"), r"\1[hook]"),
    (
        re.compile(
            r"((?:code|state|token|access_token|refresh_token|client_secret|code_verifier|verify|key)=)"
            r"[^&\s\"']+"
        ),
        r"\1[hidden]",
    ),
    (re.compile(r"(whsec_)[\w+/=-]+"), r"\1[hidden]"),
    (re.compile(r"\b(tpk_)[\w-]+"), r"\1[hidden]"),
    (re.compile(r"(?i)((?:bearer|basic)\s+)[\w.~+/=-]{8,}"), r"\1[hidden]"),
]


def redact(text: str) -> str:
    """`text` with everything that could open a door replaced by a word in brackets."""
    for pattern, replacement in _RULES:
        text = pattern.sub(replacement, text)
    return text


class RedactingFilter(logging.Filter):
    """Redacts the whole message, arguments included; tracebacks are redacted by the formatter."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg = redact(record.getMessage())
        record.args = None
        return True


class RedactingFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        return redact(super().format(record))
