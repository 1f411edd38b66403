"""Who may read the desk: whoever is on this machine, users of a proxy, or holders of a signed token."""

from __future__ import annotations

import hmac
import os
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import jwt
from starlette.requests import HTTPConnection

from jobs.config.desk import Desk, Role
from jobs.desk.posted import FormKeys
from jobs.runtime import clock
from jobs.runtime.errors import ConfigurationError
from jobs.runtime.redaction import hide

READER: Role = "reader"
EDITOR: Role = "editor"
APPROVER: Role = "approver"
SHOPPERS: Role = "shoppers"
ROLES: tuple[Role, ...] = (READER, EDITOR, APPROVER, SHOPPERS)
PROXY_HEADER = "X-Longtail-Proxy"  # of the requests that the proxy sends; its value is the secret
COOKIE = "longtail_desk"
_ALGORITHM = "HS256"
_LEAST_SECRET = 32  # characters: a signature is as strong as its secret


@dataclass(frozen=True)
class Visitor:
    """Who asks for a page. roles: among `ROLES`"""

    name: str
    roles: frozenset[str]


class Access:
    """Says who a request is from. Raises ConfigurationError when its secret is missing or too short."""

    def __init__(self, conf: Desk) -> None:
        self.conf = conf
        self._secret = "" if conf.access == "local" else secret_of(conf)
        self.form_keys = FormKeys(self._secret)

    def visitor(self, request: HTTPConnection) -> Visitor | None:
        """None for a request without a valid sign-in; a visitor without roles may read nothing."""
        if self.conf.access == "local":
            return Visitor("", frozenset(ROLES))
        return self._of_proxy(request) if self.conf.access == "proxy" else self._of_token(request)

    def accepts(self, token: str) -> bool:
        """Whether a token is signed with the secret and has not expired."""
        return self._claims(token) is not None

    def _of_proxy(self, request: HTTPConnection) -> Visitor | None:
        sent, user = request.headers.get(PROXY_HEADER, ""), request.headers.get(self.conf.user_header, "")
        if not user or not hmac.compare_digest(sent.encode(), self._secret.encode()):
            return None
        groups = {group.strip() for group in request.headers.get(self.conf.groups_header, "").split(",")}
        roles = {role for role, allowed in self.conf.groups.items() if groups & set(allowed)}
        return Visitor(user, frozenset(roles | ({READER} if roles else set())))

    def _of_token(self, request: HTTPConnection) -> Visitor | None:
        kind, _, sent = request.headers.get("Authorization", "").partition(" ")
        claims = self._claims(sent if kind.lower() == "bearer" else request.cookies.get(COOKIE, ""))
        if claims is None:
            return None
        roles = {role for role in ROLES if role in claims["roles"]}
        return Visitor(str(claims["sub"]), frozenset(roles | ({READER} if roles else set())))

    def _claims(self, token: str) -> dict[str, Any] | None:
        required = ["sub", "roles", "exp"]
        try:
            claims = jwt.decode(token, self._secret, [_ALGORITHM], options={"require": required})
        except jwt.InvalidTokenError:
            return None
        return claims if isinstance(claims["roles"], list) else None


def secret_of(conf: Desk) -> str:
    """The secret of proxy or tokens. Raises ConfigurationError if it is missing or too short."""
    return secret_in(conf.secret_variable, f"desk.access: {conf.access}")


def secret_in(variable: str, whose: str) -> str:
    """The secret in an environment variable, hidden from logs.

    whose: the setting that needs it. Raises ConfigurationError if it is missing or too short.
    """
    secret = os.environ.get(variable, "")
    hide(secret)
    if len(secret) < _LEAST_SECRET:
        raise ConfigurationError(
            f"{variable} has {len(secret)} characters; {whose} needs {_LEAST_SECRET}.",
            f"Set it to a random text, such as the output of openssl rand -hex {_LEAST_SECRET}.",
        )
    return secret


def signed_token(secret: str, user: str, roles: list[str], days: int) -> str:
    """A token by which a user has roles for some days."""
    claims = {"sub": user, "roles": roles, "exp": clock.now() + timedelta(days=days)}
    return jwt.encode(claims, secret, _ALGORITHM)
