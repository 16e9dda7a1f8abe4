import pytest

from acrcmk_lab.azure.arm import ids
from acrcmk_lab.azure.state import rbac

RG = "/subscriptions/S/resourceGroups/RG"


@pytest.mark.parametrize(
    ("path", "template", "names"),
    [
        (f"{RG}/providers/Microsoft.KeyVault/vaults/V", "microsoft.keyvault/vaults/*", ("V",)),
        (f"{RG}/providers/Microsoft.KeyVault/vaults/V/keys", "microsoft.keyvault/vaults/*/keys", ("V",)),
        (
            f"{RG}/providers/Microsoft.KeyVault/vaults/V/providers/Microsoft.Authorization/roleAssignments/G",
            "microsoft.authorization/roleassignments/*",
            ("G",),
        ),
        (
            "/subscriptions/S/providers/Microsoft.KeyVault/locations/L/deletedVaults/V/purge",
            "microsoft.keyvault/locations/*/deletedvaults/*/purge",
            ("L", "V"),
        ),
        (
            "/subscriptions/S/providers/Microsoft.KeyVault/checkNameAvailability",
            "microsoft.keyvault/checknameavailability",
            (),
        ),
        (RG, "subscriptions/*/resourcegroups/*", ("S", "RG")),
        (f"{RG}/resources", "subscriptions/*/resourcegroups/*/resources", ("S", "RG")),
        ("/subscriptions/S/providers", "subscriptions/*/providers", ("S",)),
        ("/subscriptions/S/providers/Microsoft.KeyVault", "subscriptions/*/providers/*", ("S", "Microsoft.KeyVault")),
        (
            "/subscriptions/S/providers/Microsoft.KeyVault/register",
            "subscriptions/*/providers/*/register",
            ("S", "Microsoft.KeyVault"),
        ),
    ],
)
def test_a_path_is_read_as_its_shape_and_its_names(path, template, names):
    route = ids.route(path)
    assert (route.template, route.names, route.subscription) == (template, names, "S")


def test_a_grant_s_scope_is_what_stands_before_the_last_provider():
    vault = f"{RG}/providers/Microsoft.KeyVault/vaults/V"
    route = ids.route(f"{vault}/providers/Microsoft.Authorization/roleAssignments/G")
    assert (route.scope, route.group) == (vault, "RG")


@pytest.mark.parametrize(
    ("resource", "scope", "inside"),
    [
        (f"{RG}/providers/X/y/z", RG.upper(), True),
        (RG, RG, True),
        (f"{RG}2/providers/X/y/z", RG, False),
        ("/subscriptions/S", "/", True),
    ],
)
def test_a_scope_holds_what_lies_under_it_whatever_the_case(resource, scope, inside):
    assert ids.within(resource, scope=scope) is inside


@pytest.mark.parametrize("text", ["West Europe", "westeurope", "WestEurope"])
def test_a_location_has_one_form(text):
    assert ids.location(text) == "westeurope"


@pytest.mark.parametrize("scope", ["/", "/Subscriptions/s", "/subscriptions/s/resourceGroups/g/", "/subscriptions/s2"])
@pytest.mark.parametrize(
    "inner", ["/", "/subscriptions/S", "/subscriptions/s/resourceGroups/G/providers/N/t/n", "/sub"]
)
def test_the_ancestors_of_an_id_are_the_scopes_that_contain_it(scope, inner):
    assert (scope.lower().rstrip("/") in rbac.ancestors(inner)) is ids.within(inner, scope=scope)
