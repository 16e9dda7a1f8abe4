import uuid

import hypothesis
import pytest
from hypothesis import strategies

from acrcmk_lab.replay import binding

A, B, C, D = (str(uuid.UUID(int=n, version=4)) for n in range(1, 5))
guids = strategies.uuids().map(str)


def test_a_pair_is_bound_once_and_holds_both_ways():
    bindings = binding.Binding()
    assert bindings.bind(A, B)
    assert bindings.bind(A, B)
    assert not bindings.bind(A, C), "one recorded id is not two in the lab"
    assert not bindings.bind(D, B), "two recorded ids are not one in the lab"
    assert bindings.bind(D, C)


def test_a_guid_without_dashes_or_in_upper_case_is_the_same_guid():
    bindings = binding.Binding()
    assert bindings.bind(A.replace("-", ""), B.replace("-", ""))
    assert bindings.bind(A.upper(), B)
    assert bindings.text(f"oid={A} hex={A.replace('-', '')}") == f"oid={B} hex={B.replace('-', '')}"


def test_requests_are_rewritten_in_names_values_and_urls():
    bindings = binding.Binding()
    bindings.bind(A, B)
    sent = {f"/identities/{A}": {"ids": [A, 7, None, True]}, "other": D}
    assert bindings.rewritten(sent) == {f"/identities/{B}": {"ids": [B, 7, None, True]}, "other": D}
    assert bindings.url(f"https://h/x/{A}?api-version=1") == f"https://h/x/{B}?api-version=1"


def test_ids_chosen_by_the_client_are_the_same_in_the_lab():
    bindings = binding.Binding()
    bindings.bind_request_ids({"a": [f"x/{A}"], B: None})
    assert bindings.bind(A, A)
    assert bindings.bind(B, B)
    assert not bindings.bind(A, C)


def test_a_tentative_binding_can_be_rolled_back():
    bindings = binding.Binding()
    bindings.bind(A, B)
    checkpoint = bindings.checkpoint()
    bindings.bind(C, D)
    bindings.rollback(checkpoint)
    assert bindings.text(C) == C
    assert bindings.bind(C, A)
    assert bindings.text(A) == B


@pytest.mark.parametrize(
    "url",
    [
        "https://h/op/eyJh?api-version=1&t=1&c=2&s=3&h=4",
        "https://h:443/op/eyJh?t=9&api-version=1",
        "https://H/op/eyJh?api-version=1",
        "https://h//op/eyJh?api-version=1",
    ],
)
def test_an_operation_is_polled_at_the_url_of_the_lab(url):
    bindings = binding.Binding()
    bindings.map_url("https://h/op/eyJh?api-version=1&t=5&c=6&s=7&h=8", "https://lab/op/1?api-version=1")
    assert bindings.url(url) == "https://lab/op/1?api-version=1"
    assert bindings.url("https://h/op/other?api-version=1") == "https://h/op/other?api-version=1"


def test_opaque_tokens_match_in_every_encoding():
    assert binding.url_key("https://h/a?$skiptoken=x%2Fy%2bz&v=1") == binding.url_key(
        "https://h/a?v=1&%24skiptoken=x/y+z"
    )


def test_an_opaque_text_is_sent_as_the_lab_returned_it():
    bindings = binding.Binding()
    bindings.map_text("BLOB", "LAB")
    assert bindings.rewritten({"value": "BLOB", "other": "BLOBS"}) == {"value": "LAB", "other": "BLOBS"}


@hypothesis.given(text=strategies.text())
def test_tokens_are_the_whole_text(text):
    assert "".join(token.text for token in binding.tokens(text)) == text


@hypothesis.given(pairs=strategies.lists(strategies.tuples(guids, guids), max_size=20))
def test_the_binding_is_one_to_one(pairs):
    bindings = binding.Binding()
    accepted = [(a, b) for a, b in pairs if bindings.bind(a, b)]
    assert len(dict(accepted)) == len({b for _, b in dict(accepted).items()})
    assert all(bindings.bind(a, b) and bindings.text(a) == b for a, b in accepted)
    assert not any(bindings.bind(a, b) for a, b in set(pairs) - set(accepted))


@hypothesis.given(pairs=strategies.lists(strategies.tuples(guids, guids), max_size=10), extra=guids)
def test_rollback_removes_every_pair(pairs, extra):
    bindings = binding.Binding()
    checkpoint = bindings.checkpoint()
    for a, b in pairs:
        bindings.bind(a, b)
    bindings.rollback(checkpoint)
    assert all(bindings.text(a) == a for a, _ in pairs)
    assert bindings.bind(extra, A)
