"""Secrets inside readable files: AES-256-GCM, each text bound to its key and to the one path it may stand at."""

from __future__ import annotations

import base64
import hashlib
import os
from collections.abc import Mapping, Sequence
from typing import Any, NoReturn

from .errors import EncryptionError, MissingExtraError
from .paths import Path, parse, render

__all__ = ["KEY_VARIABLE", "MARK", "ConfigEncryption", "is_encrypted"]

KEY_VARIABLE = "MAESTRO_ENCRYPTION_KEY"
MARK = "enc:v1:"
_KEY_BYTES, _NONCE_BYTES, _PARTS = 32, 12, 4


def is_encrypted(value: object) -> bool:
    """Tell whether a value is a text that `ConfigEncryption` made."""
    return isinstance(value, str) and value.startswith(MARK)


class ConfigEncryption:
    """Encrypts and decrypts single values: `enc:v1:<key id>:<nonce, ciphertext and tag in base64url>`.

    The algorithm is AES-256-GCM (NIST SP 800-38D) with a random nonce of 96 bits; the path is its associated data, so a
    text that is moved to another setting does not decrypt. The key id is the first 8 hex digits of the key's SHA-256.

    Args:
        key: one key, or several: the first encrypts, all decrypt. None reads `MAESTRO_ENCRYPTION_KEY`, where several
            are separated by commas. No key is ever made up: see `generate_key`.

    Raises:
        EncryptionError: there is no key, or one is not 32 bytes in base64url.
    """

    def __init__(self, key: str | Sequence[str] | None = None) -> None:
        if key is None:
            key = os.environ.get(KEY_VARIABLE, "")
            if not key.strip():
                raise EncryptionError(
                    f"there is no key; set {KEY_VARIABLE} to what `maestro-config encrypt --new-key` prints."
                )
        texts = key.split(",") if isinstance(key, str) else list(key)
        raw = [_decoded_key(text) for text in texts]
        if not raw:
            raise EncryptionError("the list of keys is empty; give at least one.")
        self._primary = texts[0].strip()
        self._keys = {_key_id(each): each for each in reversed(raw)}
        self._first = _key_id(raw[0])

    def __repr__(self) -> str:
        return f"ConfigEncryption(keys={list(self._keys)})"

    def __reduce__(self) -> NoReturn:
        raise TypeError("keys are not pickled; give the other process its own MAESTRO_ENCRYPTION_KEY.")

    @staticmethod
    def generate_key() -> str:
        """Return a new key: 32 random bytes in base64url."""
        return base64.urlsafe_b64encode(os.urandom(_KEY_BYTES)).decode("ascii")

    @property
    def key_id(self) -> str:
        """The id of the key that encrypts."""
        return self._first

    def get_key(self) -> str:
        """Return the key that encrypts, as a text; handle it as the secret it is."""
        return self._primary

    def encrypt(self, value: str, path: str | Path) -> str:
        """Encrypt a text for one path.

        Raises:
            EncryptionError: the text is already encrypted.
            MissingExtraError: cryptography is not installed.
        """
        if not isinstance(value, str):
            raise EncryptionError(f"{_shown(path)}: only texts are encrypted; write the value as a text.")
        if is_encrypted(value):
            raise EncryptionError(f"{_shown(path)}: the value is already encrypted; use rotate() for another key.")
        nonce = os.urandom(_NONCE_BYTES)
        sealed = _cipher(self._keys[self._first]).encrypt(nonce, value.encode("utf-8"), _bound(self._first, path))
        return f"{MARK}{self._first}:{base64.urlsafe_b64encode(nonce + sealed).decode('ascii')}"

    def decrypt(self, value: str, path: str | Path) -> str:
        """Decrypt a text that was encrypted for this path.

        Raises:
            EncryptionError: its key is not here, it was changed, it belongs to another path, or is not encrypted.
        """
        parts = value.split(":") if is_encrypted(value) else []
        if len(parts) != _PARTS:
            raise EncryptionError(f"{_shown(path)}: not of the form enc:v1:<key id>:<text>; encrypt it anew.")
        key_id = parts[2]
        key = self._keys.get(key_id)
        if key is None:
            known = ", ".join(self._keys)
            raise EncryptionError(f"{_shown(path)}: its key is none of {known}; add the one it was made with.")
        cipher = _cipher(key)
        from cryptography.exceptions import InvalidTag

        try:
            sealed = base64.b64decode(parts[3], altchars=b"-_", validate=True)
            opened: bytes = cipher.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], _bound(key_id, path))
            return opened.decode("utf-8")
        except (InvalidTag, ValueError):
            raise EncryptionError(
                f"{_shown(path)}: the value was changed, or encrypted for another path; encrypt it for this one."
            ) from None

    def rotate(self, value: Any, path: str | Path = ()) -> Any:
        """Encrypt again with the first key what an older key has encrypted; mappings and lists are walked.

        Raises:
            EncryptionError: a text cannot be decrypted; nothing is ever encrypted twice.
        """
        return self._walk(value, parse(path) if path else (), self._rewrapped)

    def encrypt_dict(self, values: Mapping[str, Any], paths: Sequence[str | Path] | None = None) -> dict[str, Any]:
        """Return a copy in which the texts at the paths are encrypted; without paths, those under sensitive names.

        Raises:
            EncryptionError: a path is not there, or what is there is no text.
        """
        from maestro_core_logging import Redactor

        from .layers import lookup

        is_sensitive = Redactor().is_sensitive_key
        chosen = None if paths is None else {parse(path) for path in paths}
        for path in chosen or ():
            if not isinstance(lookup(values, path, None), str):
                raise EncryptionError(f"{render(path)}: there is no text at this path; correct the path.")

        def sealed(text: str, path: Path) -> str:
            wanted = any(map(is_sensitive, path)) and not is_encrypted(text) if chosen is None else path in chosen
            return self.encrypt(text, path) if wanted else text

        found: dict[str, Any] = self._walk(values, (), sealed)
        return found

    def decrypt_dict(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Return a copy with every encrypted text decrypted.

        Raises:
            EncryptionError: one cannot be decrypted; it is never passed on as it is.
        """
        found: dict[str, Any] = self._walk(
            values, (), lambda text, path: self.decrypt(text, path) if is_encrypted(text) else text
        )
        return found

    def rotate_key(self, new_key: str) -> ConfigEncryption:
        """Return an encryption with a new first key that still decrypts what the keys here have encrypted."""
        old = [base64.urlsafe_b64encode(each).decode("ascii") for each in self._keys.values()]
        return ConfigEncryption([new_key, *(each for each in old if each != new_key)])

    def _rewrapped(self, text: str, path: Path) -> str:
        if not is_encrypted(text) or text.startswith(f"{MARK}{self._first}:"):
            if is_encrypted(text):
                self.decrypt(text, path)
            return text
        return self.encrypt(self.decrypt(text, path), path)

    def _walk(self, value: Any, path: Path, change: Any) -> Any:
        if isinstance(value, Mapping):
            return {key: self._walk(each, (*path, str(key)), change) for key, each in value.items()}
        if isinstance(value, (list, tuple)):
            return [self._walk(each, (*path, str(number)), change) for number, each in enumerate(value)]
        return change(value, path) if isinstance(value, str) else value


def _decoded_key(text: str) -> bytes:
    try:
        raw = base64.b64decode(text.strip(), altchars=b"-_", validate=True)
    except (ValueError, AttributeError):
        raw = b""
    if len(raw) != _KEY_BYTES:
        raise EncryptionError("a key is not 32 bytes in base64url; make one with `maestro-config encrypt --new-key`.")
    return raw


def _key_id(key: bytes) -> str:
    return hashlib.sha256(key).hexdigest()[:8]


def _bound(key_id: str, path: str | Path) -> bytes:
    return f"{MARK}{key_id}:{render(parse(path))}".encode()


def _shown(path: str | Path) -> str:
    return render(parse(path)) if path else "the value"


def _cipher(key: bytes) -> Any:
    try:
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM
    except ImportError:
        raise MissingExtraError("Encryption", extra="crypto") from None
    return AESGCM(key)


def __getattr__(name: str) -> Any:
    if name == "encrypt_config_file":
        raise ImportError(
            "encrypt_config_file is gone: it rewrote whole files; use `maestro-config encrypt PATH` for one value, "
            "or ConfigEncryption.encrypt_dict for a mapping."
        )
    raise AttributeError(name)
