"""What a CEL rule sees of a value."""

import datetime

from acrcmk_lab.kube.schema import cel

TIME = {"type": "string", "format": "date-time"}


def test_a_time_is_a_timestamp_as_self_and_text_inside_an_object() -> None:
    # The library refuses a datetime within a map; a rule at the root of a CRD must not fail for a status with times.
    text = "2026-11-23T20:10:20Z"
    assert cel.to_cel(text, TIME) == datetime.datetime(2026, 11, 23, 20, 10, 20, tzinfo=datetime.UTC)
    nested = {"type": "object", "properties": {"at": TIME, "all": {"type": "array", "items": TIME}}}
    assert cel.to_cel({"at": text, "all": [text]}, nested) == {"at": text, "all": [text]}
