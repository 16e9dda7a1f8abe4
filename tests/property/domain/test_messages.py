from hypothesis import given
from hypothesis import strategies as st

from acrcmk.domain import messages


@given(st.text())
def test_a_stable_text_is_stable(text: str) -> None:
    assert messages.stable(messages.stable(text)) == messages.stable(text)


@given(trace=st.uuids(), other=st.uuids(), moment=st.datetimes(), later=st.datetimes(), code=st.integers(10000, 99999))
def test_ids_and_times_never_make_a_difference(trace, other, moment, later, code) -> None:
    def message(id_, time):
        stamp = time.isoformat(sep=" ", timespec="seconds")
        return f"AADSTS{code}: no. Trace ID: {id_} Timestamp: {stamp}Z (correlation id {id_})"

    assert messages.stable(message(trace, moment)) == messages.stable(message(other, later))


@given(ip=st.ip_addresses(), other=st.ip_addresses(), port=st.integers(1, 65535))
def test_addresses_never_make_a_difference(ip, other, port) -> None:
    def message(address):
        return f"Cannot connect to host management.azure.com:443 [Connect call failed ('{address}', {port})]"

    assert messages.stable(message(ip)) == messages.stable(message(other))
