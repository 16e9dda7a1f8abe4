import json

import pytest

from acrcmk_lab.replay import recordings

PLAIN = {
    "request": {"method": "get", "uri": "https://Host.example/a%20b/?x=1&y=", "body": None},
    "response": {"status": 200, "headers": {"Content-Type": "application/json"}, "body": {"a": 1}},
}


def one(entry):
    return next(iter(recordings.parse([entry], name="file")))


def changed(part, **members):
    return {**PLAIN, part: {**PLAIN[part], **members}}


def test_an_exchange_in_the_plain_format():
    exchange = one(PLAIN)
    assert (exchange.method, exchange.status, exchange.response_body) == ("GET", 200, {"a": 1})
    assert (exchange.host, exchange.path, exchange.query) == ("host.example", "/a b", {"x": "1", "y": ""})
    assert exchange.headers == {"content-type": "application/json"}
    assert exchange.timestamp is None


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (None, None),
        ("", None),
        ("  ", None),
        ('{"a": [1]}', {"a": [1]}),
        ({"string": '{"a": 1}'}, {"a": 1}),
        ({"string": ""}, None),
        ("not json", "not json"),
        ({"base64_string": "AAEC"}, "AAEC"),
        ([1, 2], [1, 2]),
        ({"string": "x", "other": 1}, {"string": "x", "other": 1}),
    ],
)
def test_bodies_in_every_format(raw, expected):
    assert one(changed("response", body=raw)).response_body == expected
    assert one(changed("request", body=raw)).request_body == expected


def test_bodies_may_be_missing():
    entry = {"request": {"method": "DELETE", "url": "https://h/x"}, "response": {"status": 204}}
    exchange = one(entry)
    assert (exchange.request_body, exchange.response_body, exchange.headers) == (None, None, {})
    assert (exchange.response_object, exchange.request_object, exchange.properties, exchange.error) == ({}, {}, {}, "")


@pytest.mark.parametrize(
    "headers",
    [{"Location": "a"}, {"location": ["a"]}, {"LOCATION": ["a"]}, [["Location", "a"]]],
)
def test_headers_in_every_format(headers):
    assert one(changed("response", headers=headers)).headers == {"location": "a"}


@pytest.mark.parametrize("status", [201, "201", "201 Created", {"code": 201, "message": "Created"}])
def test_a_status_in_every_format(status):
    assert one(changed("response", status=status)).status == 201


def test_the_code_beside_the_status_text_counts():
    assert one(changed("response", status="Created", code=201)).status == 201


@pytest.mark.parametrize(
    ("headers", "timestamp"),
    [
        ({"Date": "Thu, 21 Dec 2023 23:57:08 GMT"}, "2023-12-21T23:57:08+00:00"),
        ({"x-msedge-ref": "Ref A: 1 Ref B: 2 Ref C: 2024-02-24T02:10:04Z"}, "2024-02-24T02:10:04+00:00"),
        ({"Date": "soon"}, None),
    ],
)
def test_the_time_of_a_response(headers, timestamp):
    actual = one(changed("response", headers=headers)).timestamp
    assert (actual.isoformat() if actual else None) == timestamp


@pytest.mark.parametrize("wrapper", ["interactions", "exchanges"])
def test_a_file_may_wrap_its_exchanges(tmp_path, wrapper):
    file = tmp_path / "some.json"
    file.write_text(json.dumps({"version": 1, wrapper: [PLAIN, PLAIN]}))
    recording = recordings.load(file)
    assert recording.name == "some"
    assert [exchange.number for exchange in recording.exchanges] == [0, 1]


@pytest.mark.parametrize("content", ["", "{}", "[1]", '[{"request": {}}]', '"text"', "[{}]", "null"])
def test_a_file_that_is_not_a_recording_is_refused_with_its_name(tmp_path, content):
    file = tmp_path / "some.json"
    file.write_text(content)
    with pytest.raises(recordings.UnreadableError, match=r"some\.json"):
        recordings.load(file)


def test_only_lists_have_rows():
    page = one(changed("response", body={"value": [{"id": "a"}, "odd"]}))
    assert page.rows == [{"id": "a"}]
    assert one(PLAIN).rows is None
    assert one({**PLAIN, "request": {**PLAIN["request"], "method": "POST"}}).rows is None


def test_a_placeholder_of_a_recorder_is_no_time():
    assert recordings.time_of("2001-02-03T04:05:06Z") is None
    assert recordings.time_of("2001-02-03T04:05:07Z").second == 7
    assert recordings.time_of("2020-10-13T19:46:09.8884403Z").microsecond == 888440


@pytest.mark.parametrize(
    "url", ["https://h//subscriptions/s", "https://h/subscriptions/s/", "https://h///subscriptions/s"]
)
def test_slashes_at_the_ends_of_a_path_do_not_count(url):
    assert one({**PLAIN, "request": {**PLAIN["request"], "uri": url}}).path == "/subscriptions/s"
