import pytest

from acrcmk.runtime import pace
from acrcmk.runtime.requeue import After, Done, Poll, Resync, Retry
from acrcmk.runtime.schedule import NEVER, Schedule

PACE = pace.Pace(backoff=pace.Backoff(base=4.0, cap=100.0), resync=pace.Resync(period=600.0))


@pytest.fixture
def schedule():
    return Schedule[str](pace=PACE, random=lambda: 0.5)


def take(schedule, key, *, now):
    """Take `key`, which must be the one whose turn it is."""
    assert schedule.take(now=now) == key


def test_keys_come_in_the_order_of_their_due_times_and_equal_ones_as_they_were_added(schedule):
    for key, due in [("late", 3.0), ("first", 1.0), ("second", 1.0), ("early", 0.5)]:
        schedule.add(key, due=due)
    assert [schedule.take(now=3.0) for _ in range(5)] == ["early", "first", "second", "late", None]


def test_nothing_is_taken_before_it_is_due(schedule):
    schedule.add("a", due=2.0)
    assert schedule.take(now=1.999) is None
    assert schedule.next_due() == 2.0
    take(schedule, "a", now=2.0)


def test_a_key_is_queued_once_and_the_earliest_due_time_wins(schedule):
    assert schedule.add("a", due=5.0)
    assert not schedule.add("a", due=9.0)
    assert schedule.add("a", due=2.0)
    assert not schedule.add("a", due=2.0)
    take(schedule, "a", now=2.0)
    assert schedule.next_due() == NEVER


def test_a_key_added_while_in_hand_is_in_no_second_hand_and_runs_again(schedule):
    schedule.add("a", due=0.0)
    take(schedule, "a", now=0.0)
    schedule.add("a", due=1.0)
    assert schedule.take(now=5.0) is None
    schedule.done("a", Done(), now=6.0)
    take(schedule, "a", now=6.0)


def test_a_notice_during_the_pass_is_earlier_than_what_the_pass_asks_for(schedule):
    schedule.add("a", due=0.0)
    take(schedule, "a", now=0.0)
    schedule.add("a", due=1.0)
    schedule.done("a", Resync(), now=2.0)
    assert schedule.next_due() == 1.0


@pytest.mark.parametrize(
    ("requeue", "due"),
    [(Done(), NEVER), (Resync(), 610.0), (After(7.0), 17.0), (Poll(changed=False), 11.0), (Retry(), 12.0)],
)
def test_each_kind_of_requeue_names_its_wait(schedule, requeue, due):
    schedule.add("a", due=0.0)
    take(schedule, "a", now=10.0)
    schedule.done("a", requeue, now=10.0)
    assert schedule.next_due() == due


def waits(schedule, *requeues):
    """Let passes of no duration end with `requeues`, each as soon as it is due; return the waits between them."""
    schedule.add("a", due=0.0)
    found, now = [], 0.0
    for requeue in requeues:
        take(schedule, "a", now=now)
        schedule.done("a", requeue, now=now)
        found.append(schedule.next_due() - now)
        now = schedule.next_due()
    return found


def test_failures_in_a_row_wait_longer_and_a_success_forgets_them(schedule):
    assert waits(schedule, Retry(), Retry(), Retry(), After(1.0), Retry()) == [2.0, 4.0, 8.0, 1.0, 2.0]


def test_polls_slow_down_with_the_wait_and_start_anew_when_something_moves(schedule):
    assert waits(schedule, Poll(changed=True), After(40.0), Poll(changed=False)) == [1.0, 40.0, 1.0]


def test_a_poll_after_a_failed_one_goes_on_with_the_same_wait(schedule):
    still, moved = Poll(changed=False), Poll(changed=True)
    schedule.add("a", due=0.0)
    for now, requeue, wait in [(0.0, still, 1.0), (50.0, Retry(), 2.0), (60.0, still, 6.0), (80.0, moved, 1.0)]:
        take(schedule, "a", now=now)
        schedule.done("a", requeue, now=now)
        assert schedule.next_due() == pytest.approx(now + wait)


def test_a_forgotten_key_is_gone_with_its_memory(schedule):
    schedule.add("a", due=0.0)
    take(schedule, "a", now=0.0)
    schedule.done("a", Retry(), now=0.0)
    schedule.forget("a")
    assert schedule.next_due() == NEVER
    assert waits(schedule, Retry()) == [2.0]


def test_a_key_forgotten_while_in_hand_does_not_come_back_by_its_own_pass(schedule):
    schedule.add("a", due=0.0)
    take(schedule, "a", now=0.0)
    schedule.forget("a")
    schedule.done("a", Retry(), now=1.0)
    assert schedule.next_due() == NEVER


def test_a_key_forgotten_and_added_again_while_in_hand_runs_again_without_the_old_memory(schedule):
    schedule.add("a", due=0.0)
    take(schedule, "a", now=0.0)
    schedule.forget("a")
    schedule.add("a", due=5.0)
    assert schedule.take(now=9.0) is None
    schedule.done("a", Retry(), now=9.0)
    take(schedule, "a", now=9.0)
    schedule.done("a", Retry(), now=9.0)
    assert schedule.next_due() == 11.0


def test_forgetting_an_unknown_key_is_no_error(schedule):
    schedule.forget("a")


def test_handing_back_what_is_not_in_hand_is_an_error(schedule):
    schedule.add("a", due=0.0)
    with pytest.raises(KeyError):
        schedule.done("a", Done(), now=0.0)


def test_depth_counts_what_is_due_and_in_no_hand(schedule):
    for key, due in [("a", 0.0), ("b", 1.0), ("c", 2.0), ("d", 9.0)]:
        schedule.add(key, due=due)
    assert schedule.depth(now=2.0) == 3
    take(schedule, "a", now=2.0)
    schedule.add("a", due=2.0)
    assert schedule.depth(now=2.0) == 2
    assert schedule.ages(now=5.0) == {"a": 3.0}


def test_many_early_wake_ups_leave_no_litter(schedule):
    for now in range(10_000):
        schedule.add("a", due=now)
        take(schedule, "a", now=now)
        schedule.done("a", Resync(), now=now)
    assert len(schedule._heap) < 100


def test_a_key_that_wants_nothing_leaves_no_memory(schedule):
    for number in range(100):
        schedule.add(f"{number}", due=0.0)
        take(schedule, f"{number}", now=0.0)
        schedule.done(f"{number}", Done(), now=0.0)
    assert not schedule._entries
