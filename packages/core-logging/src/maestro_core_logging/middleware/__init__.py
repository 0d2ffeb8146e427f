"""Request context for web applications of any framework; importing one imports no framework."""

from __future__ import annotations

from .asgi import ASGILoggingMiddleware
from .django import DjangoLoggingMiddleware
from .wsgi import FlaskLoggingMiddleware

__all__ = [
    "ASGILoggingMiddleware",
    "DjangoLoggingMiddleware",
    "FastAPILoggingMiddleware",
    "FlaskLoggingMiddleware",
    "LoggingMiddleware",
]

FastAPILoggingMiddleware = ASGILoggingMiddleware
LoggingMiddleware = ASGILoggingMiddleware
