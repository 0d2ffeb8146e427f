"""Which field names hold a secret: whole words are compared, never pieces of them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["KeyMatcher", "words_of"]

# A name is sensitive when one of these phrases stands in it, word by word ...
_PHRASES = """
password, passwords, passwd, pwd, passphrase, passcode, pass phrase, pass word, secret, secrets, credential,
credentials, creds, token, jwt, bearer, authorization, auth, cookie, cookies, otp, totp, cvv, cvc, ssn, sessionid,
phpsessid, jsessionid, api key, api keys, access key, access keys, secret key, private key, private keys, signing
key, encryption key, master key, account key, storage key, shared key, auth key, ssh key, hmac key, session key,
consumer key, client key, service key, app key, license key, subscription key, functions key, data key, deploy key,
webhook key, access tokens, refresh tokens, auth tokens, api tokens, bearer tokens, session tokens, id tokens,
secret tokens, oauth tokens, client assertion, code verifier, recovery code, recovery codes, backup code, backup
codes, mfa code, otp code, pin code, verification code, security code, security answer, social security, card
number, credit card, card pan, amz signature, goog signature, shared access signature, connection string, set
cookie, x csrf, csrf, xsrf
"""
# ... unless its last word only describes the secret (`token_count`, `password_changed_at`, `secret_name`) ...
_DESCRIPTIONS = frozenset(
    """
    age alg algorithm at attempts backend bucket budget bytes change changed class config configured consent
    count created date deadline description disabled domain duration enabled endpoint error errors exists exp
    expiration expired expires expiry failed failures field fields file flow format group host id ids index
    issued issuer issues kind label len length level lifetime limit limits location max message method
    middleware min mismatch missing mode module ms name names path per policy present prompt protocol provider
    providers rate realm reason refreshed region requests required reset revoked rotated rotation rule rules
    samesite schema scheme scope scopes seconds secure server service size source stale state status store
    strategy strength system time timeout timestamp ttl type types updated uri url usage used user username
    valid validity verified version
    """.split()  # noqa: SIM905 - a list of words reads as words
)
# ... or its first word asks a yes-or-no question or counts (`has_password`, `max_token`).
_QUESTIONS = frozenset(
    "allow can count enable has is max min needs no num requires should show skip total use uses".split()  # noqa: SIM905 - the same
)

_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_WORD = re.compile(r"[^\W\d_]+|\d+")
_REMEMBERED = 4096
_LONGEST = 256


def words_of(key: str) -> tuple[str, ...]:
    """Split a name into lower-case words at case changes, digits and punctuation: `X-ApiKey2` is x, api, key, 2."""
    return tuple(_WORD.findall(_CAMEL.sub("_", key).casefold()))


class KeyMatcher:
    """Answers `is this the name of a secret`, with names added and allowed on top of the built-in phrases."""

    def __init__(self, extra_keys: Iterable[str] = (), allow_keys: Iterable[str] = ()) -> None:
        phrases = {tuple(phrase.split()) for phrase in _PHRASES.replace("\n", " ").split(",")}
        extra = {words for key in extra_keys if (words := words_of(key))}
        phrases |= extra
        self._phrases = phrases | {("".join(phrase),) for phrase in phrases}
        self._sizes = sorted({len(phrase) for phrase in self._phrases})
        self._always = extra
        self._allowed = {words_of(key) for key in allow_keys}
        self._known: dict[str, bool] = {}

    def __call__(self, key: object) -> bool:
        """Tell whether a value under this key is a secret; keys that are neither str nor bytes never name one."""
        if isinstance(key, bytes):
            key = key.decode("latin-1")
        if not isinstance(key, str):
            return False
        known = self._known.get(key)
        if known is None:
            known = self._judge(words_of(key[:_LONGEST]))
            if len(self._known) >= _REMEMBERED:
                self._known.clear()
            if len(key) <= _LONGEST:
                self._known[key] = known
        return known

    def _judge(self, words: tuple[str, ...]) -> bool:
        if not words or words in self._allowed:
            return False
        if words in self._always:
            return True
        if words[0] in _QUESTIONS:
            return False
        end = max((end for end in self._ends(words)), default=0)
        return end > 0 and (end == len(words) or words[-1] not in _DESCRIPTIONS)

    def _ends(self, words: tuple[str, ...]) -> Iterable[int]:
        """Yield where a sensitive phrase ends."""
        for size in self._sizes:
            for start in range(len(words) - size + 1):
                if words[start : start + size] in self._phrases:
                    yield start + size
