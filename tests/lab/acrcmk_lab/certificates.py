"""The certificate authority of a lab, so that clients verify TLS as they do in the cloud."""

import pathlib
import ssl
from collections.abc import Callable

import trustme


class Authority:
    """One CA for one lab; clients must trust its root certificate."""

    def __init__(self) -> None:
        self._ca = trustme.CA(organization_name="acr-cmk-operator lab")

    @property
    def root_pem(self) -> bytes:
        """The root certificate, PEM."""
        return self._ca.cert_pem.bytes()

    def write_root(self, path: pathlib.Path) -> pathlib.Path:
        """Write the root certificate to `path` (PEM) and return the path."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(self.root_pem)
        return path

    def server_context(self, *hosts: str) -> ssl.SSLContext:
        """Return a server-side TLS context with a certificate for `hosts` (DNS names, wildcards or IPs)."""
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        self._ca.issue_cert(*hosts).configure_cert(context)
        return context

    def many_hosts_context(self, *hosts: str, answers_for: Callable[[str], bool]) -> ssl.SSLContext:
        """Return such a context that has a certificate for any other host that `answers_for` accepts, too.

        The host is that of the client's SNI; a client without SNI gets the certificate for `hosts`.
        """
        context = self.server_context(*hosts)
        issued: dict[str, ssl.SSLContext] = {}

        def choose(connection: ssl.SSLObject | ssl.SSLSocket, name: str | None, _: ssl.SSLContext) -> None:
            if name and answers_for(name):
                connection.context = issued.get(name) or issued.setdefault(name, self.server_context(name))

        context.sni_callback = choose
        return context
