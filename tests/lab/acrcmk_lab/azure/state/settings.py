"""The settings of the lab: every delay, and every behaviour that Azure's sources leave open.

Sources: [R] recorded, [D] documented, [I] a GitHub thread, [S] a published schema or SDK, [X] none: the
operator must work with every value.
"""

# ruff: noqa: RUF009 - `_span` and `_field` are dataclasses.field with a meaning attached

import dataclasses
import random
from typing import TypeVar

T = TypeVar("T")


@dataclasses.dataclass(frozen=True)
class Span:
    """Seconds drawn evenly from `low` to `high`; written `3` or `3..30`."""

    low: float
    _: dataclasses.KW_ONLY
    high: float

    @classmethod
    def parse(cls, text: str) -> "Span":
        """Read `3` or `3..30`; ValueError for anything else, for negatives and for a reversed pair."""
        low, _, high = text.partition("..")
        span = cls(float(low), high=float(high or low))
        if not 0 <= span.low <= span.high:
            raise ValueError(f"{text!r} is not a span of seconds such as 3 or 3..30")
        return span

    def draw(self, source: random.Random) -> float:
        """Return one duration, in simulated seconds."""
        return self.low if self.low == self.high else source.uniform(self.low, self.high)

    def __str__(self) -> str:
        return f"{self.low:g}" if self.low == self.high else f"{self.low:g}..{self.high:g}"


def _field(default: T, *, doc: str, choices: tuple[str, ...] = ()) -> T:
    # dataclasses.field is typed as returning the field's type, which is what makes this one honest too.
    return dataclasses.field(default=default, metadata={"doc": doc, "choices": choices})


def _span(low: float, *, high: float | None = None, doc: str) -> Span:
    return _field(Span(low, high=low if high is None else high), doc=doc)


@dataclasses.dataclass
class Settings:
    """The values; `set` changes one by name at any time."""

    # Latency of a request, simulated seconds.
    read_latency: Span = _span(0.1, high=0.3, doc="response time of reads")
    write_latency: Span = _span(0.5, high=1.5, doc="response time of writes and deletes")
    login_latency: Span = _span(0.1, high=0.3, doc="response time of the token service")

    # State machines, simulated seconds.
    dns_delay: Span = _span(10, doc="vault: RegisteringDns to Succeeded; sample 3..30, tail 428 [R]")
    principal_replication: Span = _span(23, doc="identity: until role assignments can see it, 5..60 [R]")
    rbac_propagation: Span = _span(60, doc="role assignment: until it takes effect; up to 600 [D]")
    policy_propagation: Span = _span(5, doc="access policy: until it takes effect [X]")
    acr_create: Span = _span(7, doc="registry PUT: synchronous wait, 2..22 [R]")
    acr_update: Span = _span(3, doc="registry PATCH: synchronous wait, 1..7 [R]")
    acr_validation: Span = _span(2, doc="registry: part of that wait after which a CMK failure is returned [X]")
    acr_operation: Span = _span(10, doc="registry: from the response of a write to Succeeded, 0..20 [R]")
    acr_delete: Span = _span(10, doc="registry with replicas: until it is deleted [R]")
    acr_replica_sync: Span = _span(0, doc="replica: from Succeeded to Ready, Syncing until then [R]")
    acr_key_scan: Span = _span(3600, doc="registry: interval of checks for a newer key version [D]")
    acr_revocation: Span = _span(60, doc="registry: until pulls fail after access to the key is lost [X]")
    acr_identity_expiry: Span = _span(90 * 86400, doc="registry: pulls still work with a deleted identity [D]")
    group_delete: Span = _span(45, doc="resource group: until it is deleted [R]")
    vault_purge: Span = _span(10, doc="deleted vault: from the purge request to purged [R]")
    provider_registration: Span = _span(70, doc="provider: Registering to Registered [R]")
    key_delete: Span = _span(2, doc="key: deleted to visible among deleted keys [S]")
    key_purge: Span = _span(11, doc="key: purged to restorable from a backup [R]")
    key_recover: Span = _span(2, doc="key: recovered to visible among keys [S]")

    # Registries.
    registry_mode: str = _field(
        "GEN_C", doc="generation of a registry's responses [R]", choices=("GEN_A", "GEN_B", "GEN_C")
    )
    cmk_failure: str = _field(
        "sync", doc="CMK failures: in the response or in the operation [X]", choices=("sync", "async")
    )
    acr_unsourced_code: str = _field("BadRequest", doc="error code where ACR's is not public [X]")
    acr_failed_registry: str = _field(
        "failed", doc="what remains of a create whose operation failed [X]", choices=("failed", "absent")
    )
    acr_busy: str = _field("conflict", doc="a write while an operation runs [X]", choices=("conflict", "queue"))
    acr_purge_protection: str = _field("accept", doc="CMK with an unprotected vault [X]", choices=("accept", "reject"))
    acr_full_resubmit: str = _field(
        "reject",
        doc="PUT on a CMK registry whose encryption lacks keyIdentifier or identity [I]",
        choices=("reject", "accept"),
    )
    acr_recreated_identity: str = _field(
        "accept",
        doc="write that attaches the key's identity, deleted and created again, without naming it for the key [X]",
        choices=("accept", "reject"),
    )
    acr_encryption_omitted: str = _field(
        "keep", doc="PUT without encryption on a CMK registry [X]", choices=("keep", "reject")
    )
    acr_plain_create: str = _field(
        "async", doc="create without CMK: 200 or 201 with operation [R]", choices=("sync", "async")
    )
    acr_plain_update: str = _field(
        "sync",
        doc="update without change of key or identity: 200, or 201 with operation (2022) [R]",
        choices=("sync", "async"),
    )
    acr_operation_retry_after: int = _field(0, doc="Retry-After seconds on a registry's 201; 0 sends none [S]")

    # Other services.
    role_assignment_repeat: int = _field(
        201, doc="PUT of an identical role assignment [X]", choices=("200", "201", "409")
    )
    diagnostics_workspace: str = _field(
        "found",
        doc="the workspace of a diagnostic setting exists, or is missing with this status [X]",
        choices=("found", "404", "400"),
    )
    key_before_dns: str = _field("reject", doc="ARM key PUT while RegisteringDns [X]", choices=("reject", "accept"))
    disabled_soft_delete: str = _field(
        "force",
        doc="vault PUT with enableSoftDelete false: true by force; accepted in 2020 [R]",
        choices=("force", "accept"),
    )
    cidr_suffix: str = _field(
        "keep", doc="single addresses in vault ipRules: kept, or /32 added [X]", choices=("keep", "add")
    )
    unregistered_providers: str = _field("", doc="comma-separated namespaces not registered at the start")

    # Tokens and throttling.
    token_lifetime: int = _field(3600, doc="lifetime of access tokens, seconds on the client's clock [D]")
    read_tokens: int = _field(250, doc="throttling: burst of reads [R]")
    read_refill: float = _field(25.0, doc="throttling: reads per second [D]")
    write_tokens: int = _field(200, doc="throttling: burst of writes [R]")
    write_refill: float = _field(10.0, doc="throttling: writes per second [D]")
    delete_tokens: int = _field(200, doc="throttling: burst of deletes [R]")
    delete_refill: float = _field(10.0, doc="throttling: deletes per second [D]")
    global_factor: int = _field(15, doc="throttling: all principals together, times one principal [D]")
    diagnostics_requests: int = _field(150, doc="throttling: diagnostic settings, calls in an interval [R]")
    diagnostics_interval: float = _field(300.0, doc="throttling: diagnostic settings, seconds of an interval [X]")

    # The vaults' own endpoints.
    vault_release: str = _field(
        "1.9.3117.1", doc="service version in the vaults' headers; older ones have other challenges and members [R]"
    )
    client_address: str = _field("203.0.113.10", doc="client address that vault firewalls see")
    vault_absent: str = _field(
        "unresolved",
        doc="the host of a missing vault: name not resolved, or connection refused [X]",
        choices=("unresolved", "refused"),
    )
    vault_limits: float = _field(1.0, doc="throttling: vault calls in ten seconds, times the documented limits [D]")

    # Names.
    region: str = _field("westeurope", doc="region of the ARM front end, as in x-ms-routing-request-id")
    vault_domain: str = _field("vault.azure.net", doc="domain of vault and key URIs")
    registry_domain: str = _field("azurecr.io", doc="domain of login servers")

    @classmethod
    def without_latency(cls) -> "Settings":
        """Return settings for a clock that stands still: requests take no time, state machines do."""
        waits = ("read_latency", "write_latency", "login_latency", "acr_create", "acr_update", "acr_validation")
        settings = cls()
        for name in waits:
            setattr(settings, name, Span(0, high=0))
        return settings

    def set(self, name: str, *, value: str) -> None:
        """Change one setting from text; ValueError names the valid ones."""
        try:
            field = next(f for f in dataclasses.fields(self) if f.name == name)
        except StopIteration:
            names = ", ".join(f.name for f in dataclasses.fields(self))
            raise ValueError(f"no setting {name!r}; there are {names}") from None
        choices = field.metadata["choices"]
        if choices and value not in choices:
            raise ValueError(f"{name} is one of {', '.join(choices)}, not {value!r}")
        current = getattr(self, name)
        setattr(self, name, Span.parse(value) if isinstance(current, Span) else type(current)(value))

    def describe(self) -> list[tuple[str, str, str]]:
        """Return (name, value as text, meaning) of every setting."""
        return [
            (
                field.name,
                str(getattr(self, field.name)),
                field.metadata["doc"]
                + (f"; one of {', '.join(field.metadata['choices'])}" if field.metadata["choices"] else ""),
            )
            for field in dataclasses.fields(self)
        ]
