from __future__ import annotations

import pytest

from imaging.errors import MisuseError
from imaging.header import REASONS, UnreadableImage
from studio.refusals import KINDS, Refused, refusal_of


@pytest.mark.parametrize("reason", REASONS)
def test_every_reason_of_an_unreadable_file_has_its_own_4xx(reason):
    refused = refusal_of(UnreadableImage(reason, "/tmp/secret/x.png", "open /tmp/secret failed"), "mine.png")
    assert refused.kind == reason and 400 <= refused.status < 500
    assert "mine.png" in str(refused) and "secret" not in str(refused)


def test_the_rules_of_all_kinds_differ():
    rules = [kind.rule for kind in KINDS.values()]
    assert len(set(rules)) == len(rules)


def test_a_misuse_keeps_its_sentence():
    refused = refusal_of(MisuseError("A mask fits its picture", "(3, 3)", "Send another"))
    assert (refused.status, str(refused)) == (422, "A mask fits its picture. Received: (3, 3). Send another.")


def test_what_nobody_foresaw_tells_nothing_of_this_machine():
    refused = refusal_of(RuntimeError("/home/someone/weights"), "a.png")
    assert refused.status == 500 and "someone" not in str(refused)


def test_out_of_memory_is_the_pictures_size():
    assert refusal_of(MemoryError()).kind == "too-large"


def test_a_refusal_stays_itself():
    refused = Refused("busy")
    assert refusal_of(refused) is refused
