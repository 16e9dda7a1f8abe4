"""Settings of the operator, from flags or environment variables; `acrcmk run --help` lists them."""

import pathlib
from collections.abc import Mapping
from typing import Literal

import pydantic
import pydantic_settings

UUID = r"^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$"

API_VERSION = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}(-preview)?$"
"""An api-version of Azure: a date, with `-preview` for a preview version."""


class Cloud(pydantic.BaseModel):
    """Endpoints of an Azure cloud."""

    model_config = pydantic.ConfigDict(frozen=True)

    resource_manager: str
    audience: str
    authority: str


CLOUDS = {
    "public": Cloud(
        resource_manager="https://management.azure.com",
        audience="https://management.azure.com/.default",
        authority="https://login.microsoftonline.com",
    ),
    "usgovernment": Cloud(
        resource_manager="https://management.usgovcloudapi.net",
        audience="https://management.core.usgovcloudapi.net/.default",
        authority="https://login.microsoftonline.us",
    ),
    "china": Cloud(
        resource_manager="https://management.chinacloudapi.cn",
        audience="https://management.chinacloudapi.cn/.default",
        authority="https://login.chinacloudapi.cn",
    ),
}
"""Endpoints by cloud, as in azure-mgmt-core and azure-identity."""


class Settings(pydantic_settings.BaseSettings):
    """Settings. Variables of azure-identity and of the workload identity webhook keep their names (AZURE_...)."""

    model_config = pydantic_settings.SettingsConfigDict(
        env_prefix="ACRCMK_", populate_by_name=True, frozen=True, env_ignore_empty=True
    )

    cloud: Literal["public", "usgovernment", "china"] = pydantic.Field(
        default="public", description="Azure cloud. Determines the endpoints and API versions that are not set below."
    )
    resource_manager: str | None = pydantic.Field(
        default=None,
        pattern="^https://",
        description="Azure Resource Manager endpoint; default: by cloud.",
    )
    audience: str | None = pydantic.Field(
        default=None, description="Token scope for Azure Resource Manager; default: by cloud."
    )
    authority_host: str | None = pydantic.Field(
        default=None,
        validation_alias="AZURE_AUTHORITY_HOST",
        pattern="^https://",
        description="Microsoft Entra endpoint; default: by cloud.",
    )
    api_version_resource_groups: str | None = pydantic.Field(
        default=None, pattern=API_VERSION, description="API version of resource groups; default: by cloud."
    )
    api_version_managed_identity: str | None = pydantic.Field(
        default=None, pattern=API_VERSION, description="API version of Microsoft.ManagedIdentity; default: by cloud."
    )
    api_version_key_vault: str | None = pydantic.Field(
        default=None, pattern=API_VERSION, description="API version of Microsoft.KeyVault; default: by cloud."
    )
    api_version_authorization: str | None = pydantic.Field(
        default=None, pattern=API_VERSION, description="API version of Microsoft.Authorization; default: by cloud."
    )
    api_version_container_registry: str | None = pydantic.Field(
        default=None, pattern=API_VERSION, description="API version of Microsoft.ContainerRegistry; default: by cloud."
    )
    ca_bundle: pathlib.Path | None = pydantic.Field(
        default=None,
        description="PEM file of the certificate authorities of Azure endpoints; default: those of the system.",
    )
    tenant_id: str = pydantic.Field(
        validation_alias="AZURE_TENANT_ID", pattern=UUID, description="Microsoft Entra tenant (UUID)."
    )
    client_id: str | None = pydantic.Field(
        default=None,
        validation_alias="AZURE_CLIENT_ID",
        description="Client id of the managed identity of the operator; default: the managed identity of the node.",
    )
    federated_token_file: pathlib.Path | None = pydantic.Field(
        default=None,
        validation_alias="AZURE_FEDERATED_TOKEN_FILE",
        description="Service account token for workload identity (file); default: use DefaultAzureCredential.",
    )
    subscription_id: str | None = pydantic.Field(
        default=None, pattern=UUID, description="Subscription (UUID) of objects without spec.subscriptionId."
    )
    cluster_id: str | None = pydantic.Field(
        default=None,
        max_length=64,
        pattern="^[A-Za-z0-9._-]+$",
        description="Id of the cluster in the owner tag; default: uid of the namespace kube-system.",
    )
    namespaces: tuple[str, ...] = pydantic.Field(
        default=(), description="Namespaces to watch, as a JSON list; default: all."
    )
    workers: int = pydantic.Field(
        default=16, ge=1, le=256, description="Number of objects reconciled at the same time."
    )
    poll_min_seconds: float = pydantic.Field(
        default=2.0, gt=0, description="Shortest delay between two polls of a running Azure operation."
    )
    poll_max_seconds: float = pydantic.Field(
        default=30.0, gt=0, description="Longest delay between two polls of a running Azure operation."
    )
    retry_min_seconds: float = pydantic.Field(
        default=2.0, gt=0, description="Longest delay after a first failure; doubles with each failure in a row."
    )
    retry_max_seconds: float = pydantic.Field(
        default=300.0, gt=0, description="Longest delay after any number of failures in a row."
    )
    resync_seconds: float = pydantic.Field(
        default=600.0, gt=0, description="Delay between two drift checks of an object, plus or minus 10 %."
    )
    grant_delay_seconds: float = pydantic.Field(
        default=60.0,
        ge=0,
        description="Time in which a new role assignment usually takes effect, in seconds. A registry whose key Azure "
        "refuses earlier is tried again then.",
    )
    access_budget_seconds: float = pydantic.Field(
        default=900.0,
        ge=0,
        description="Time that a grant may take to become effective before a refused key access is an error.",
    )
    reconcile_timeout_seconds: float = pydantic.Field(default=180.0, gt=0, description="Time limit of a reconcile.")
    drain_seconds: float = pydantic.Field(
        default=25.0, ge=0, description="Time that running reconciles have to finish at shutdown."
    )
    http_host: str = pydantic.Field(default="127.0.0.1", description="Address of /healthz, /readyz and /metrics.")
    http_port: int = pydantic.Field(
        default=8080,
        ge=0,
        le=65535,
        description="Port of /healthz, /readyz and /metrics; 0: a free port.",
    )
    log_format: Literal["json", "console"] = pydantic.Field(default="json", description="Log format.")
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = pydantic.Field(
        default="INFO", description="Minimum log level."
    )

    @property
    def endpoints(self) -> Cloud:
        """The endpoints of the cloud, overridden by those that are set."""
        cloud = CLOUDS[self.cloud]
        return Cloud(
            resource_manager=(self.resource_manager or cloud.resource_manager).rstrip("/"),
            audience=self.audience or cloud.audience,
            authority=(self.authority_host or cloud.authority).rstrip("/"),
        )

    @property
    def api_versions(self) -> Mapping[str, str | None]:
        """The API versions that are set, by service; None: that of the cloud."""
        prefix = "api_version_"
        fields = [name for name in Settings.model_fields if name.startswith(prefix)]
        return {name.removeprefix(prefix): getattr(self, name) for name in fields}

    @property
    def known_authority(self) -> bool:
        """Whether the authority is that of a public cloud, which azure-identity can verify by instance discovery."""
        return self.endpoints.authority in {cloud.authority for cloud in CLOUDS.values()}
