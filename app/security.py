"""Keep other sites' pages out of a service that asks for no password.

Two attacks reach a loopback service through a browser on the same machine: a page posting to it
(stopped by Origin and Sec-Fetch-Site) and a name that is rebound to 127.0.0.1 (stopped by Host).
"""

import ipaddress
from collections.abc import Mapping
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.errors import CrossSiteWrite, HostNotAllowed
from app.problems import problem_of, problem_response

SECURITY_HEADERS: Mapping[str, str] = {
    "Content-Security-Policy": (
        "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; "
        "object-src 'none'"
    ),
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
_DEFAULT_PORTS = {"http": 80, "https": 443}


class SecurityHeaders:
    """ASGI middleware: every response says what browsers may do with it, unless it says so itself.

    To be the outermost, so that refusals and unforeseen errors carry them too.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in SECURITY_HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        await self._app(scope, receive, send_guarded)


class SiteGuard:
    """ASGI middleware: refuse foreign hosts and cross-site writes.

    host: the address listened on. When it is every address (0.0.0.0 or ::), any Host is accepted,
    because the names of the machine are unknown: put a proxy in front that checks them.
    """

    def __init__(self, app: ASGIApp, host: str) -> None:
        self._app = app
        self._host = host

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        try:
            check_site(scope["method"], Headers(scope=scope), self._host)
        except (HostNotAllowed, CrossSiteWrite) as error:
            problem, headers = problem_of(error, scope)
            await problem_response(problem, scope, headers)(scope, receive, send)
            return
        await self._app(scope, receive, send)


def check_site(method: str, headers: Headers, listening: str) -> None:
    """Pass a request that is meant for this service and comes from its own page or no page.

    Raises HostNotAllowed or CrossSiteWrite. Tools that are no browsers send neither Origin nor
    Sec-Fetch-Site and pass.
    """
    for host in headers.getlist("host"):
        if not host_allowed(host, listening):
            raise HostNotAllowed(host)
    if method in _SAFE_METHODS:
        return
    if headers.get("sec-fetch-site", "none") not in {"same-origin", "none"}:
        raise CrossSiteWrite(headers.get("origin", ""))
    origin = headers.get("origin")
    if origin is not None and not same_authority(origin, headers.get("host", "")):
        raise CrossSiteWrite(origin)


def host_allowed(header: str, listening: str) -> bool:
    """Tell whether a Host header names this service: loopback, or the address listened on."""
    name = _split_authority(f"//{header}")[0]
    if name is None:
        return False
    if name == listening.lower() or name == "localhost" or name.endswith(".localhost"):
        return True
    return _is_loopback(name) or _is_every_address(listening)


def same_authority(origin: str, host: str) -> bool:
    """Tell whether an Origin is the very host and port that the request went to.

    The scheme is left out: behind a proxy that ends TLS, the origin says https and we see http.
    """
    scheme = origin.partition("://")[0]
    default = _DEFAULT_PORTS.get(scheme)
    if default is None:
        return False
    name, port = _split_authority(origin)
    host_name, host_port = _split_authority(f"//{host}")
    return name is not None and (name, port or default) == (host_name, host_port or default)


def _split_authority(address: str) -> tuple[str | None, int | None]:
    try:
        parts = urlsplit(address)
        return parts.hostname, parts.port
    except ValueError:
        return None, None


def _is_loopback(name: str) -> bool:
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def _is_every_address(listening: str) -> bool:
    try:
        return ipaddress.ip_address(listening).is_unspecified
    except ValueError:
        return False
