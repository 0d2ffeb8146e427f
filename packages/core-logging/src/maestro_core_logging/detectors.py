"""Secrets known by their shape, wherever they stand in a text."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable
from dataclasses import dataclass

__all__ = ["BUILT_IN", "SHORTEST", "Detector", "is_card_number", "is_harmless"]

Substitute = Callable[[re.Match[str], str], str]


_LONG_WORD = 20
SHORTEST = 13


def _whole(_match: re.Match[str], replacement: str) -> str:
    return replacement


@dataclass(frozen=True, slots=True, kw_only=True)
class Detector:
    """One shape of secret: where `probe` says it may stand, `pattern` finds it and `substitute` says what stays.

    A probe is cheap and may be wrong only by answering yes; the default asks for a search of every text.
    """

    name: str
    pattern: re.Pattern[str]
    probe: Callable[[str], bool] = bool
    substitute: Substitute = _whole

    def redact(self, text: str, replacement: str) -> str:
        """Replace every secret of this shape."""
        if not self.probe(text):
            return text
        return self.pattern.sub(lambda match: self.substitute(match, replacement), text)


def is_card_number(digits: str) -> bool:
    """Tell whether digits have a payment network's prefix and length (ISO/IEC 7812) and a right Luhn check digit."""
    return _CARD_NETWORK.fullmatch(digits) is not None and _luhn(digits)


def _luhn(digits: str) -> bool:
    doubled = (0, 2, 4, 6, 8, 1, 3, 5, 7, 9)
    values = [int(digit) for digit in reversed(digits)]
    return (sum(values[::2]) + sum(doubled[value] for value in values[1::2])) % 10 == 0


_CARD_NETWORK = re.compile(
    r"4\d{12}(?:\d{3}){0,2}"  # Visa: 13, 16, 19
    r"|5[1-5]\d{14}|2(?:22[1-9]|2[3-9]\d|[3-6]\d\d|7[01]\d|720)\d{12}"  # Mastercard: 16
    r"|3[47]\d{13}|3(?:0[0-5]|[68]\d)\d{11}"  # American Express: 15, Diners Club: 14
    r"|(?:6011|65\d\d|64[4-9]\d|35(?:2[89]|[3-8]\d))\d{12}(?:\d{3})?|62\d{14,17}"  # Discover, JCB, UnionPay
)


def _card(match: re.Match[str], replacement: str) -> str:
    return replacement if is_card_number(re.sub("[ -]", "", match[0])) else match[0]


def _userinfo(match: re.Match[str], replacement: str) -> str:
    return f"{match['scheme']}{replacement}@"


def _credentials(match: re.Match[str], replacement: str) -> str:
    scheme, value = match["scheme"], match["value"]
    secret = _is_basic(value) if scheme.lower() == "basic" else _looks_random(value)
    return f"{scheme}{match['gap']}{replacement}" if secret else match[0]


def _is_basic(value: str) -> bool:
    """RFC 7617: base64 of `user:password`; `basic training` is not."""
    body = value.rstrip("=")
    try:
        return b":" in base64.b64decode(body + "=" * (-len(body) % 4))
    except (binascii.Error, ValueError):
        return False


def _looks_random(value: str) -> bool:
    """Tell a bearer token from an English word after `bearer`: digits, inner capitals, punctuation or great length."""
    return len(value) >= _LONG_WORD or not value.isalpha() or (value[1:] != value[1:].lower() and not value.isupper())


def _may_be_pem(text: str) -> bool:
    return "-----BEGIN " in text


def _may_be_url(text: str) -> bool:
    return "://" in text and "@" in text


def _may_be_credentials(text: str) -> bool:
    lower = text.lower()
    return "bearer" in lower or "basic" in lower


def _may_be_jwt(text: str) -> bool:
    return "eyJ" in text


def _may_be_cloud_key(text: str) -> bool:
    # Grouped by a character each holds, so that most texts are asked for four characters only.
    # Written out, because a loop over the hints takes five times as long.
    return (
        ("-" in text and _any_of_dash(text))
        or ("_" in text and _any_of_underscore(text))
        or ("." in text and ("ya29." in text or "SG." in text or "hvs." in text or "hvb." in text))
        or ("A" in text and _any_of_capital(text))
    )


def _any_of_dash(text: str) -> bool:
    return "gl" in text or "sk-" in text or "xox" in text or "xapp-" in text or "pypi-" in text or "GOCSPX-" in text


def _any_of_underscore(text: str) -> bool:
    github = "ghp_" in text or "gho_" in text or "ghu_" in text or "ghs_" in text or "ghr_" in text or "b_pat_" in text
    stripe = "k_live_" in text or "k_test_" in text or "whsec_" in text
    return github or stripe or "npm_" in text or "hf_" in text or "_v1_" in text


def _any_of_capital(text: str) -> bool:
    google_or_key = "Iza" in text or "KIA" in text or "SIA" in text or "ROA" in text or "IDA" in text
    return google_or_key or "PA" in text or "NVA" in text or "BIA" in text or "CCA" in text


_TO_ZERO = bytes.maketrans(b"123456789", b"000000000")
_THIRTEEN = b"0" * 13


def _may_be_card(text: str) -> bool:
    # Searched from the right: that algorithm keeps its pace where zeros abound.
    return text.encode("utf-8", "replace").translate(_TO_ZERO, b" -").rfind(_THIRTEEN) >= 0


_CLOUD = "|".join(  # noqa: FLY002 - one line a vendor
    (
        r"A(?:KIA|SIA|ROA|IDA|GPA|IPA|NPA|NVA|BIA|CCA)[A-Z0-9]{16}(?![A-Z0-9])",  # AWS
        r"AIza[\w-]{35}|ya29\.[\w-]{20,}|GOCSPX-[\w-]{20,}",  # Google
        r"gh[pousr]_[A-Za-z0-9]{20,}|github_pat_\w{20,}",  # GitHub
        r"gl(?:pat|dt|rt|cbt|ptt)-[\w-]{16,}",  # GitLab
        r"xox[abeoprs]-[\w-]{10,}|xapp-[\w-]{10,}",  # Slack
        r"[srp]k_(?:live|test)_[A-Za-z0-9]{10,}|whsec_[A-Za-z0-9]{16,}",  # Stripe
        r"sk-[\w-]{20,}",  # OpenAI, Anthropic
        r"SG\.[\w-]{16,}\.[\w-]{16,}",  # SendGrid
        r"npm_[A-Za-z0-9]{30,}|pypi-[\w-]{30,}|hf_[A-Za-z0-9]{30,}|do[opr]_v1_[a-f0-9]{32,}|hv[sb]\.[\w-]{20,}",
    )
)

BUILT_IN: tuple[Detector, ...] = (
    Detector(
        name="pem",
        pattern=re.compile(r"-----BEGIN [A-Z0-9 ]{1,64}-----.*?(?:-----END [A-Z0-9 ]{1,64}-----|\Z)", re.DOTALL),
        probe=_may_be_pem,
    ),
    Detector(
        name="url_userinfo",
        # The password may hold unescaped slashes and at-signs; a port before a path is no password.
        pattern=re.compile(
            r"""(?P<scheme>[A-Za-z][A-Za-z0-9+.-]{0,30}://)"""
            r"""(?:[^\s/?#:@"'<>]{0,1024}:(?!\d{1,5}[/?#])(?:[^\s?#"'<>]{0,1024}|[^\s"'<>]{0,1024})|[^\s/?#"'<>]{0,1024})@"""
        ),
        probe=_may_be_url,
        substitute=_userinfo,
    ),
    Detector(
        name="auth_scheme",
        pattern=re.compile(
            r"(?<![A-Za-z])(?P<scheme>Bearer|Basic)(?P<gap>\s+|%20|\+)(?P<value>[A-Za-z0-9._~+/=-]{8,})", re.IGNORECASE
        ),
        probe=_may_be_credentials,
        substitute=_credentials,
    ),
    Detector(name="jwt", pattern=re.compile(r"eyJ[\w-]{5,4096}(?:\.[\w-]*){1,4}"), probe=_may_be_jwt),
    Detector(
        name="cloud_key",
        pattern=re.compile(rf"(?<![A-Za-z0-9])(?:{_CLOUD})", re.ASCII),
        probe=_may_be_cloud_key,
    ),
    Detector(
        name="card_number",
        pattern=re.compile(
            r"(?<![0-9A-Za-z])(?<!\d[.,])"
            r"(?:\d{13,19}|\d{4}([ -])\d{4}\1\d{4}\1\d{1,4}(?:\1\d{3})?|\d{4}([ -])\d{6}\2\d{4,5})"
            r"(?![0-9A-Za-z])",
            re.ASCII,
        ),
        probe=_may_be_card,
        substitute=_card,
    ),
)


def is_harmless(text: str) -> bool:
    """Tell at a glance that neither a built-in shape nor a named secret (`key=value`) can stand in a text.

    All of them are at least SHORTEST characters long or hold one of `=`, `:`, `%3`, `--`.
    """
    if "=" in text or ":" in text or "%3" in text or "--" in text:
        return False
    if len(text) < SHORTEST:
        return True
    if "eyJ" in text:
        return False
    lower = text.lower()
    if "bearer" in lower or "basic" in lower:
        return False
    return not (_may_be_cloud_key(text) or _may_be_card(text))
