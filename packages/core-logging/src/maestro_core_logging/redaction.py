"""The redaction policy of the whole tree: what is a secret, and what stands in its place."""

from __future__ import annotations

from collections.abc import Callable, Sequence  # noqa: TC003 - config readers resolve the fields' types
from dataclasses import dataclass, field
from typing import Any

from .detectors import BUILT_IN, Detector, is_harmless
from .errors import LoggingConfigError
from .named_secrets import NamedSecrets
from .sensitive_keys import KeyMatcher
from .walk import TRUNCATED, Walk

__all__ = ["RedactionPolicy", "Redactor", "Unredacted"]

_REMEMBERED = 4096
_LONGEST_REMEMBERED = 256
_CARD_INTEGERS = 10**12


@dataclass(frozen=True, slots=True, kw_only=True)
class RedactionPolicy:
    """What counts as a secret, on top of the built-in names, and how far values are followed.

    `extra_keys` are further sensitive names and `allow_keys` names that are never sensitive, both compared word by
    word. `detectors` are the shapes to look for, by built-in name or as `Detector`. Collections deeper than
    `max_depth`, values after the first `max_values` and texts longer than `max_text` characters become `[truncated]`.
    """

    extra_keys: Sequence[str] = ()
    allow_keys: Sequence[str] = ()
    detectors: Sequence[str | Detector] = field(default=tuple(detector.name for detector in BUILT_IN))
    replacement: str = "***"
    max_depth: int = 8
    max_values: int = 10_000
    max_text: int = 65_536

    def __post_init__(self) -> None:
        for name in ("max_depth", "max_values", "max_text"):
            if not isinstance(getattr(self, name), int) or getattr(self, name) < 1:
                raise LoggingConfigError(f"{name}={getattr(self, name)!r} must be a whole number of at least 1.")
        for name in ("extra_keys", "allow_keys", "detectors"):
            if isinstance(getattr(self, name), str):
                raise LoggingConfigError(
                    f"{name} must be a sequence of names, not one text; write ({getattr(self, name)!r},)."
                )
        known = {detector.name for detector in BUILT_IN}
        for detector in self.detectors:
            if isinstance(detector, str) and detector not in known:
                raise LoggingConfigError(
                    f"{detector!r} is no detector; use one of {', '.join(sorted(known))}, or a Detector."
                )
        if not self.replacement:
            raise LoggingConfigError("replacement must not be empty: a reader has to see that something was taken out.")
        if Redactor.would_change(self, self.replacement):
            raise LoggingConfigError("replacement must not itself look like a secret; use another text.")


class Redactor:
    """Takes secrets out of values and texts, by name and by shape; what holds none is returned as the same object.

    Safe to share between threads. Redacting twice changes nothing more.
    """

    def __init__(self, policy: RedactionPolicy | None = None) -> None:
        self.policy = policy or RedactionPolicy()
        self.is_sensitive_key: Callable[[object], bool] = KeyMatcher(self.policy.extra_keys, self.policy.allow_keys)
        self._detectors = _resolve(self.policy)
        self.has_own_shapes = any(detector not in BUILT_IN for detector in self._detectors)
        self._named = NamedSecrets(self.is_sensitive_key, self.policy.replacement)
        self._clean: set[str] = set()

    def redact(self, value: Any) -> Any:
        """Return `value` without secrets: a changed copy, or the same object when there was nothing to change.

        Mappings, lists, tuples, sets, dataclasses (as dicts when they change), texts, bytes and numbers are searched.
        Objects of other types are returned as they are: redact the text you make of them.
        """
        return self.walk(self._opaque).value(value)

    def redact_text(self, text: str) -> str:
        """Return a text without secrets."""
        if text in self._clean:
            return text
        if len(text) > self.policy.max_text:
            return TRUNCATED
        if not self.has_own_shapes and is_harmless(text):
            return self._remember(text)
        found = text
        for detector in self._detectors:
            found = detector.redact(found, self.policy.replacement)
        found = self._named.redact(found)
        return self._remember(text) if found == text else found

    def redact_number(self, value: int) -> int | str:
        """Return a whole number, or the replacement when its digits are a card number."""
        if value < _CARD_INTEGERS:
            return value
        digits = str(value) if value < 10**20 else ""
        return value if not digits or self.redact_text(digits) == digits else self.policy.replacement

    def walk(self, leaf: Callable[[Any], Any]) -> Walk:
        """Return a fresh pass under this policy, with `leaf` for objects of unknown types."""
        return Walk(
            text=self.redact_text,
            number=self.redact_number,
            leaf=leaf,
            is_sensitive=self.is_sensitive_key,
            replacement=self.policy.replacement,
            max_depth=self.policy.max_depth,
            max_values=self.policy.max_values,
        )

    @classmethod
    def would_change(cls, policy: RedactionPolicy, text: str) -> bool:
        """Tell whether a policy's detectors find something in a text."""
        return any(detector.redact(text, "") != text for detector in _resolve(policy))

    def _opaque(self, value: Any) -> Any:
        if isinstance(value, (bytes, bytearray)):
            text = bytes(value).decode("latin-1")
            found = self.redact_text(text)
            return value if found == text else found.encode("latin-1", "replace")
        if isinstance(value, str):
            return self.redact_text(str.__str__(value)) if self.redact_text(str.__str__(value)) != value else value
        return value

    def _remember(self, text: str) -> str:
        """Remember a text without secrets, so that the next line that says the same costs one look-up."""
        if len(text) <= _LONGEST_REMEMBERED:
            if len(self._clean) >= _REMEMBERED:
                self._clean.clear()
            self._clean.add(text)
        return text


class Unredacted(Redactor):
    """Changes nothing: for development, where somebody has asked for it by name."""

    def __init__(self) -> None:
        super().__init__()
        self.is_sensitive_key = lambda _key: False

    def redact_text(self, text: str) -> str:
        """Return the text."""
        return text if len(text) <= self.policy.max_text else TRUNCATED

    def redact_number(self, value: int) -> int | str:
        """Return the number."""
        return value


def _resolve(policy: RedactionPolicy) -> tuple[Detector, ...]:
    known = {detector.name: detector for detector in BUILT_IN}
    return tuple(known[detector] if isinstance(detector, str) else detector for detector in policy.detectors)
