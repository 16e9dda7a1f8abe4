import pathlib
import random
import re

import pytest

from acrcmk_lab.azure.state import settings
from acrcmk_lab.azure.state.settings import Settings, Span


@pytest.mark.parametrize(("text", "low", "high"), [("3", 3, 3), ("3..30", 3, 30), ("0.5..1.5", 0.5, 1.5)])
def test_a_span_reads_as_one_number_or_two(text, low, high):
    span = Span.parse(text)
    assert (span.low, span.high, str(span)) == (low, high, text)
    assert low <= span.draw(random.Random(1)) <= high


@pytest.mark.parametrize("text", ["", "a", "5..1", "-1", "..3"])
def test_no_other_text_is_a_span(text):
    with pytest.raises(ValueError, match=r".+"):
        Span.parse(text)


def test_settings_are_set_by_name_with_their_type():
    settings = Settings()
    settings.set("rbac_propagation", value="600")
    settings.set("registry_mode", value="GEN_B")
    settings.set("read_tokens", value="5")
    assert settings.rbac_propagation == Span(600, high=600)
    assert (settings.registry_mode, settings.read_tokens) == ("GEN_B", 5)


@pytest.mark.parametrize(
    ("name", "value", "reported"),
    [
        ("rbac", "1", "there are .*rbac_propagation"),
        ("registry_mode", "GEN_D", "GEN_A, GEN_B, GEN_C"),
        ("dns_delay", "soon", "could not convert"),
    ],
)
def test_an_invalid_setting_is_an_error_that_names_the_valid_ones(name, value, reported):
    with pytest.raises(ValueError, match=reported):
        Settings().set(name, value=value)


def test_every_setting_has_a_meaning_and_accepts_its_own_value():
    settings = Settings()
    for name, value, meaning in settings.describe():
        assert len(meaning) > 10
        settings.set(name, value=value)
    assert settings == Settings()


@pytest.mark.parametrize("name", [name for name, _, _ in Settings().describe()])
def test_every_setting_is_used(name):
    folder = pathlib.Path(settings.__file__).parent.parent
    texts = [file.read_text() for file in folder.rglob("*.py") if file.name != "settings.py"]
    # The throttle reads its six by the kind of request.
    stem = re.sub(r"^(read|write|delete)_(tokens|refill)$", r"}_\2", name)
    stem = re.sub(r"^(read|write)_latency$", r"\1_latency", stem)
    assert any(stem in text for text in texts)
