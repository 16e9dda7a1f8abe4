import uuid

import hypothesis
import pytest
from hypothesis import strategies

from acrcmk_lab.replay import binding

A, B, C, D = (str(uuid.UUID(int=n, version=4)) for n in range(1, 5))
guids = strategies.uuids().map(str)


def test_a_pair_is_bound_once_and_holds_both_ways():
    bound = binding.Binding()
    assert bound.agree(A, B)
    assert bound.agree(A, B)
    assert not bound.agree(A, C), "one recorded id is not two in the lab"
    assert not bound.agree(D, B), "two recorded ids are not one in the lab"
    assert bound.agree(D, C)


def test_a_guid_without_dashes_or_in_upper_case_is_the_same_guid():
    bound = binding.Binding()
    assert bound.agree(A.replace("-", ""), B.replace("-", ""))
    assert bound.agree(A.upper(), B)
    assert bound.text(f"oid={A} hex={A.replace('-', '')}") == f"oid={B} hex={B.replace('-', '')}"


def test_requests_are_rewritten_in_names_values_and_urls():
    bound = binding.Binding()
    bound.agree(A, B)
    sent = {f"/identities/{A}": {"ids": [A, 7, None, True]}, "other": D}
    assert bound.rewritten(sent) == {f"/identities/{B}": {"ids": [B, 7, None, True]}, "other": D}
    assert bound.url(f"https://h/x/{A}?api-version=1") == f"https://h/x/{B}?api-version=1"


def test_ids_that_the_client_brings_are_the_same_in_the_lab():
    bound = binding.Binding()
    bound.known({"a": [f"x/{A}"], B: None})
    assert bound.agree(A, A)
    assert bound.agree(B, B)
    assert not bound.agree(A, C)


def test_a_guess_can_be_taken_back():
    bound = binding.Binding()
    bound.agree(A, B)
    mark = bound.mark()
    bound.agree(C, D)
    bound.undo(mark)
    assert bound.text(C) == C
    assert bound.agree(C, A)
    assert bound.text(A) == B


@pytest.mark.parametrize(
    "called",
    [
        "https://h/op/eyJh?api-version=1&t=1&c=2&s=3&h=4",
        "https://h:443/op/eyJh?t=9&api-version=1",
        "https://H/op/eyJh?api-version=1",
    ],
)
def test_an_operation_is_called_in_the_lab_by_its_own_url(called):
    bound = binding.Binding()
    bound.learn_url("https://h/op/eyJh?api-version=1&t=5&c=6&s=7&h=8", "https://lab/op/1?api-version=1")
    assert bound.url(called) == "https://lab/op/1?api-version=1"
    assert bound.url("https://h/op/other?api-version=1") == "https://h/op/other?api-version=1"


def test_opaque_tokens_are_found_however_a_client_encodes_them():
    assert binding.url_key("https://h/a?$skiptoken=x%2Fy%2bz&v=1") == binding.url_key(
        "https://h/a?v=1&%24skiptoken=x/y+z"
    )


def test_an_opaque_text_goes_back_as_the_labs():
    bound = binding.Binding()
    bound.learn_text("BLOB", "OURS")
    assert bound.rewritten({"value": "BLOB", "not": "BLOBS"}) == {"value": "OURS", "not": "BLOBS"}


@hypothesis.given(text=strategies.text())
def test_tokens_are_the_whole_text(text):
    assert "".join(token.text for token in binding.tokens(text)) == text


@hypothesis.given(pairs=strategies.lists(strategies.tuples(guids, guids), max_size=20))
def test_the_binding_is_one_to_one(pairs):
    bound = binding.Binding()
    held = [(a, b) for a, b in pairs if bound.agree(a, b)]
    assert len(dict(held)) == len({b for _, b in dict(held).items()})
    assert all(bound.agree(a, b) and bound.text(a) == b for a, b in held)
    assert not any(bound.agree(a, b) for a, b in set(pairs) - set(held))


@hypothesis.given(pairs=strategies.lists(strategies.tuples(guids, guids), max_size=10), extra=guids)
def test_undo_leaves_no_trace(pairs, extra):
    bound = binding.Binding()
    mark = bound.mark()
    for a, b in pairs:
        bound.agree(a, b)
    bound.undo(mark)
    assert all(bound.text(a) == a for a, _ in pairs)
    assert bound.agree(extra, A)
