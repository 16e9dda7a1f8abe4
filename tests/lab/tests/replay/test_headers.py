import pytest

from acrcmk_lab.replay import binding, comparison, headers, masks

OPERATION = "https://management.azure.com/x/operationStatuses"
GUID = "9298347f-a05c-11ee-b52c-701ab8feb8dd"
OTHER = "11111111-a05c-11ee-b52c-701ab8feb8dd"


def compared(recorded, lab):
    rules = comparison.Comparison(bindings=binding.Binding(), masks=masks.Masks())
    return [difference.where for difference in headers.compare(rules, recorded, lab)]


SAME = {
    "equal": ({"content-type": "application/json; charset=utf-8"}, {"content-type": "application/json;charset=UTF-8"}),
    "stripped by the recorder": ({}, {"retry-after": "15", "x-ms-failure-cause": "gateway", "x-ms-request-id": "1"}),
    "operation": (
        {"azure-asyncoperation": f"{OPERATION}/registries-{GUID}?api-version=1&t=1&c=2&s=3&h=4"},
        {"azure-asyncoperation": f"{OPERATION}/registries-{OTHER}?api-version=1"},
    ),
    "opaque result": (
        {"location": "https://h/operationresults/<jwt>?api-version=1"},
        {"location": "https://h/operationresults/0a1b?api-version=1&t=9"},
    ),
    "one version": ({"api-supported-versions": "2023-07-01"}, {"api-supported-versions": "2023-07-01"}),
    "lists of versions": ({"api-supported-versions": "1, 2"}, {"api-supported-versions": "1, 2, 3"}),
    "older name of the authority": (
        {"www-authenticate": f'Bearer authorization="https://login.windows.net/{GUID}", resource="r"'},
        {"www-authenticate": f'Bearer authorization="https://login.microsoftonline.com/{OTHER}", resource="r"'},
    ),
    "not compared": ({"x-ms-keyvault-service-version": "1.9"}, {"x-ms-keyvault-service-version": "2.0"}),
}
OTHERS = {
    "missing operation": ({"azure-asyncoperation": f"{OPERATION}/{GUID}"}, {}, "azure-asyncoperation"),
    "extra location": ({}, {"location": "https://h/x"}, "location"),
    "other kind of operation": (
        {"azure-asyncoperation": f"{OPERATION}/registries-{GUID}"},
        {"azure-asyncoperation": f"{OPERATION}/replications-{GUID}"},
        "azure-asyncoperation",
    ),
    "other place": (
        {"location": "https://h/a/operationResults/1"},
        {"location": "https://h/b/operationResults/1"},
        "location",
    ),
    "other version": ({"location": "https://h/a?api-version=1"}, {"location": "https://h/a?api-version=2"}, "location"),
    "retry after": ({"retry-after": "15"}, {"retry-after": "5"}, "retry-after"),
    "no retry after": ({"retry-after": "15"}, {}, "retry-after"),
    "challenge": ({"www-authenticate": "Bearer a"}, {"www-authenticate": "Bearer b"}, "www-authenticate"),
    "no challenge": ({}, {"www-authenticate": "Bearer b"}, "www-authenticate"),
    "content type": ({}, {"content-type": "application/json"}, "content-type"),
    "one version for many": (
        {"api-supported-versions": "1, 2"},
        {"api-supported-versions": "1"},
        "api-supported-versions",
    ),
    "failure cause": ({"x-ms-failure-cause": "gateway"}, {}, "x-ms-failure-cause"),
}


@pytest.mark.parametrize("case", SAME)
def test_headers_that_clients_ignore_are_no_difference(case):
    assert compared(*SAME[case]) == []


@pytest.mark.parametrize("case", OTHERS)
def test_headers_that_clients_act_on_are_a_difference(case):
    recorded, lab, name = OTHERS[case]
    assert compared(recorded, lab) == [name]
