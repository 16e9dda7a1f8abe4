"""Every setting of the operator, from flags or the environment, in one class; `acrcmk run --help` lists them."""

import pathlib
from collections.abc import Mapping
from typing import Literal

import pydantic
import pydantic_settings

UUID = r"^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$"

API_VERSION = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}(-preview)?$"
"""As Azure writes an api-version: a day, with `-preview` where it is one."""


class Cloud(pydantic.BaseModel):
    """Where an Azure cloud is reached."""

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
"""The sovereign clouds as azure-mgmt-core and azure-identity name them."""


class Settings(pydantic_settings.BaseSettings):
    """Settings; the names of azure-identity and its workload identity webhook are kept as they are."""

    model_config = pydantic_settings.SettingsConfigDict(
        env_prefix="ACRCMK_", populate_by_name=True, frozen=True, env_ignore_empty=True
    )

    cloud: Literal["public", "usgovernment", "china"] = pydantic.Field(
        default="public", description="Azure cloud; sets the endpoints and API versions below unless they are given."
    )
    resource_manager: str | None = pydantic.Field(
        default=None,
        pattern="^https://",
        description="Azure Resource Manager endpoint, for clouds not listed.",
    )
    audience: str | None = pydantic.Field(default=None, description="Token scope for Azure Resource Manager.")
    authority_host: str | None = pydantic.Field(
        default=None,
        validation_alias="AZURE_AUTHORITY_HOST",
        pattern="^https://",
        description="Microsoft Entra endpoint.",
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
        default=None, description="PEM file of the certificate authorities to trust for Azure endpoints."
    )
    tenant_id: str = pydantic.Field(
        validation_alias="AZURE_TENANT_ID", pattern=UUID, description="Microsoft Entra tenant (UUID)."
    )
    client_id: str | None = pydantic.Field(
        default=None,
        validation_alias="AZURE_CLIENT_ID",
        description="Client id of the operator's own identity; default: the managed identity of the node.",
    )
    federated_token_file: pathlib.Path | None = pydantic.Field(
        default=None,
        validation_alias="AZURE_FEDERATED_TOKEN_FILE",
        description="Service account token for workload identity; without it, DefaultAzureCredential.",
    )
    subscription_id: str | None = pydantic.Field(
        default=None, pattern=UUID, description="Subscription of objects whose spec names none (UUID)."
    )
    cluster_id: str | None = pydantic.Field(
        default=None,
        max_length=64,
        pattern="^[A-Za-z0-9._-]+$",
        description="Cluster part of the owner tag; default: uid of the namespace kube-system.",
    )
    namespaces: tuple[str, ...] = pydantic.Field(
        default=(), description="Namespaces to watch, as a JSON list; default: all of them."
    )
    workers: int = pydantic.Field(default=16, ge=1, le=256, description="Objects reconciled at the same time.")
    poll_min_seconds: float = pydantic.Field(
        default=1.0, gt=0, description="First pause between two polls of a running Azure operation."
    )
    poll_max_seconds: float = pydantic.Field(default=30.0, gt=0, description="Longest pause between two such polls.")
    retry_min_seconds: float = pydantic.Field(default=2.0, gt=0, description="First pause after a failure.")
    retry_max_seconds: float = pydantic.Field(default=300.0, gt=0, description="Longest pause after failures.")
    resync_seconds: float = pydantic.Field(
        default=600.0, gt=0, description="Pause between two drift checks of an object, plus or minus 10 %."
    )
    access_budget_seconds: float = pydantic.Field(
        default=900.0,
        ge=0,
        description="Time in which a refused key counts as a grant that is still propagating.",
    )
    pass_timeout_seconds: float = pydantic.Field(default=180.0, gt=0, description="Time limit of one reconcile.")
    drain_seconds: float = pydantic.Field(
        default=25.0, ge=0, description="Time for running reconciles to finish at shutdown."
    )
    http_host: str = pydantic.Field(default="127.0.0.1", description="Address of /healthz, /readyz and /metrics.")
    http_port: int = pydantic.Field(
        default=8080, ge=0, le=65535, description="Port of /healthz, /readyz and /metrics; 0 takes a free one."
    )
    log_format: Literal["json", "console"] = pydantic.Field(default="json", description="Log format.")
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = pydantic.Field(
        default="INFO", description="Minimum log level."
    )

    @property
    def endpoints(self) -> Cloud:
        """The cloud's endpoints, with those that were given in their place."""
        known = CLOUDS[self.cloud]
        return Cloud(
            resource_manager=(self.resource_manager or known.resource_manager).rstrip("/"),
            audience=self.audience or known.audience,
            authority=(self.authority_host or known.authority).rstrip("/"),
        )

    @property
    def api_versions(self) -> Mapping[str, str | None]:
        """The API versions that were set, by service; None where the cloud's own one is to be used."""
        prefix = "api_version_"
        fields = [name for name in Settings.model_fields if name.startswith(prefix)]
        return {name.removeprefix(prefix): getattr(self, name) for name in fields}

    @property
    def known_authority(self) -> bool:
        """Whether azure-identity can discover the authority; a private one cannot be."""
        return self.endpoints.authority in {cloud.authority for cloud in CLOUDS.values()}
