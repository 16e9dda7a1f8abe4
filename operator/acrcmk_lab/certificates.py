"""A certificate authority of the lab's own, so that clients check TLS here as they do in the cloud."""

import pathlib
import ssl

import trustme


class Authority:
    """One CA for one lab; its root certificate is what a client must trust."""

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
