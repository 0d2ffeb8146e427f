"""Texts become values with lines: JSON, YAML and TOML, each refusing what would be read differently than it looks."""

from __future__ import annotations

from .text import SUFFIXES, Parsed, parse_text, read_text

__all__ = ["SUFFIXES", "Parsed", "parse_text", "read_text"]
