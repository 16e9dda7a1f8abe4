"""Specs for property tests: valid by schema, with few values per field so that equal values are frequent."""

from hypothesis import strategies as st

from tests.unit.api import refusals

_IDS = (refusals.SUBSCRIPTION, refusals.OTHER_SUBSCRIPTION, refusals.OTHER_SUBSCRIPTION.upper())
_VAULT_IDS = (refusals.VAULT, refusals.VAULT.upper(), refusals.VAULT.replace("kv-shared", "my-kv-shared"))
_KEYS = tuple(
    f"https://{host}/keys/{path}"
    for host in (
        "kv-a.vault.azure.net",
        "KV-A.vault.azure.cn",
        "kv-shared.vault.azure.net:8443",
        "kv-a-b.localhost.test",
    )
    for path in ("k", f"k/{refusals.VERSION}")
)
_ADDRESSES = ("203.0.113.7", "10.0.0.0/8", "172.15.0.1", "172.16.0.0/12", "172.32.0.1", "192.168.1.1", "100.1.1.1")
_TAGS = (
    "team",
    "Team",
    "acrcmk-owner",
    "AcrCmk-Owner",
    "acrcmk-owner2",
    "a/b",
    "a%b",
    "a\\b",
    "",
    "x" * 512,
    "x" * 513,
    "ü b",
)


def _object(**fields: st.SearchStrategy) -> st.SearchStrategy[dict]:
    return st.fixed_dictionaries({}, optional=fields)


def _object_with(required: dict[str, st.SearchStrategy], **fields: st.SearchStrategy) -> st.SearchStrategy[dict]:
    return st.fixed_dictionaries(required, optional=fields)


identities = _object(
    name=st.sampled_from(("id-one", "id-two")),
    resourceId=st.just(refusals.IDENTITY),
)
firewalls = _object(
    ipRules=st.lists(st.sampled_from(_ADDRESSES), max_size=3),
    subnetIds=st.just([]),
)
vaults = _object(
    name=st.sampled_from(("kv-a", "KV-a", "kv-b", "kv-shared")),
    resourceId=st.sampled_from(_VAULT_IDS),
    sku=st.sampled_from(("standard", "premium")),
    access=st.sampled_from(("RBAC", "AccessPolicy")),
    softDeleteRetentionDays=st.sampled_from((7, 90)),
    firewall=firewalls,
)
rotations = _object(
    mode=st.sampled_from(("Automatic", "Manual")),
    version=st.just(refusals.VERSION),
)
keys = _object(
    name=st.sampled_from(("acr-cmk", "other")),
    type=st.sampled_from(("RSA", "RSA-HSM")),
    size=st.sampled_from((2048, 4096)),
    identifier=st.sampled_from(_KEYS),
    rotation=rotations,
)
policies = _object(
    retentionDays=st.integers(min_value=0, max_value=365),
    export=st.booleans(),
    quarantine=st.booleans(),
)
registries = _object_with(
    {"name": st.sampled_from(("demo1", "demo2", "DEMO1"))},
    publicNetworkAccess=st.sampled_from(("Enabled", "Disabled")),
    policies=policies,
)
specs = _object_with(
    {
        "resourceGroup": st.sampled_from(("rg", "RG")),
        "location": st.sampled_from(("westeurope", "West Europe", "WESTEUROPE", "northeurope")),
        "vault": vaults,
        "registry": registries,
    },
    subscriptionId=st.sampled_from(_IDS),
    tags=st.dictionaries(st.sampled_from(_TAGS), st.just("x"), max_size=3),
    identity=identities,
    key=keys,
)
"""Specs as JSON; valid by schema, though they may break any rule."""

names = st.one_of(
    st.sampled_from(("demo", "a", "d3mo-x", "demo.v1", "-demo", "demo-", "x" * 63, "x" * 64)),
    st.from_regex(r"[a-z0-9.-]{1,70}", fullmatch=True),
)
