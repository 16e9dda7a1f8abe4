"""A real kube-apiserver with etcd, from the folder that KUBEBUILDER_ASSETS names (the envtest convention).

There the operator is its own service account, so RBAC lets it do what the shipped manifests allow, no more.
"""

import base64
import dataclasses
import pathlib
import socket
import ssl
import urllib.error
import urllib.request

import yaml
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from acrcmk_lab import processes
from tests.support import project

ADMIN_TOKEN, OPERATOR_TOKEN = "admin-token", "operator-token"
AUDIT_POLICY = {
    "apiVersion": "audit.k8s.io/v1",
    "kind": "Policy",
    "omitStages": ["RequestReceived"],
    "rules": [{"level": "Metadata", "users": [project.OPERATOR_USER]}, {"level": "None"}],
}


@dataclasses.dataclass(frozen=True)
class Server:
    """A running API server."""

    admin_kubeconfig: pathlib.Path
    operator_kubeconfig: pathlib.Path
    audit_log: pathlib.Path


def start(children: processes.Children, assets: pathlib.Path) -> Server:
    """Start etcd and kube-apiserver in `children.directory` and wait for /readyz (about 4 s)."""
    directory, port = children.directory, _free_port()
    etcd = _start_etcd(children, assets / "etcd")
    audit_log = directory / "audit.jsonl"
    api = _start_apiserver(children, assets / "kube-apiserver", etcd=etcd, port=port, audit_log=audit_log)
    certificate = directory / "certs" / "apiserver.crt"
    api.wait_until(lambda: _ready(port, certificate), what="it was ready", timeout=60)
    return Server(
        admin_kubeconfig=_kubeconfig(directory / "admin.yaml", port, certificate, ADMIN_TOKEN),
        operator_kubeconfig=_kubeconfig(directory / "operator.yaml", port, certificate, OPERATOR_TOKEN),
        audit_log=audit_log,
    )


def start_controller_manager(children: processes.Children, assets: pathlib.Path, *, controller: str) -> processes.Child:
    """Start one controller of Kubernetes; the API server must be one of the same children."""
    return children.start(
        "kube-controller-manager",
        *(str(assets / "kube-controller-manager"), "--kubeconfig", "admin.yaml", "--leader-elect=false"),
        *("--secure-port=0", f"--controllers={controller}"),
    )


def _start_etcd(children: processes.Children, binary: pathlib.Path) -> str:
    """Start etcd on Unix sockets, whose names are relative to its working directory; return its URL."""
    client, peer = "unix://localhost:1", "unix://localhost:2"
    children.start(
        "etcd",
        *(str(binary), "--data-dir", "etcd", "--unsafe-no-fsync", "--log-level", "warn"),
        *("--listen-client-urls", client, "--advertise-client-urls", client),
        *("--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer),
        *("--initial-cluster", f"default={peer}"),
    )
    return f"unix://{children.directory}/localhost:1"


def _start_apiserver(
    children: processes.Children, binary: pathlib.Path, *, etcd: str, port: int, audit_log: pathlib.Path
) -> processes.Child:
    """Start kube-apiserver after etcd: stopped the other way round it would linger for minutes."""
    directory = children.directory
    _write_service_account_keys(directory)
    (directory / "audit-policy.yaml").write_text(yaml.safe_dump(AUDIT_POLICY))
    (directory / "tokens.csv").write_text(
        f'{ADMIN_TOKEN},admin,1,"system:masters"\n{OPERATOR_TOKEN},{project.OPERATOR_USER},2,"system:serviceaccounts"\n'
    )
    return children.start(
        "kube-apiserver",
        *(str(binary), "--etcd-servers", etcd, "--bind-address", "127.0.0.1", "--secure-port", str(port)),
        *("--cert-dir", "certs", "--token-auth-file", "tokens.csv", "--authorization-mode", "RBAC"),
        *("--service-account-key-file", "sa.pub", "--service-account-signing-key-file", "sa.key"),
        *("--service-account-issuer", "https://kubernetes.default.svc"),
        *("--service-cluster-ip-range", "10.0.0.0/24", "--disable-admission-plugins", "ServiceAccount"),
        *("--audit-policy-file", "audit-policy.yaml", "--audit-log-path", str(audit_log)),
    )


def _ready(port: int, certificate: pathlib.Path) -> bool:
    request = urllib.request.Request(
        f"https://127.0.0.1:{port}/readyz", headers={"Authorization": f"Bearer {ADMIN_TOKEN}"}
    )
    try:
        context = ssl.create_default_context(cafile=certificate)
        with urllib.request.urlopen(request, context=context, timeout=5) as answer:
            return answer.status == 200
    except (OSError, urllib.error.URLError):
        return False


def _kubeconfig(path: pathlib.Path, port: int, certificate: pathlib.Path, token: str) -> pathlib.Path:
    trust = base64.b64encode(certificate.read_bytes()).decode()
    server = {"server": f"https://127.0.0.1:{port}", "certificate-authority-data": trust}
    path.write_text(
        yaml.safe_dump(
            {
                "apiVersion": "v1",
                "kind": "Config",
                "clusters": [{"name": "envtest", "cluster": server}],
                "users": [{"name": "user", "user": {"token": token}}],
                "contexts": [{"name": "envtest", "context": {"cluster": "envtest", "user": "user"}}],
                "current-context": "envtest",
            }
        )
    )
    return path


def _write_service_account_keys(directory: pathlib.Path) -> None:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    (directory / "sa.key").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    (directory / "sa.pub").write_bytes(
        key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    )


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
