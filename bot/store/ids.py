"""Our ids: 16 hex digits that mean nothing."""

from __future__ import annotations

import secrets


def new_id() -> str:
    """A new id."""
    return secrets.token_hex(8)
