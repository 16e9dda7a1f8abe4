import pytest

from acrcmk.runtime import pace
from acrcmk.runtime.priority import Priority
from acrcmk.runtime.requeue import After, Done, Poll, Resync, Retry
from acrcmk.runtime.schedule import NEVER, Schedule

PACE = pace.Pace(backoff=pace.Backoff(base=4.0, cap=100.0), resync=pace.Resync(period=600.0))


@pytest.fixture
def schedule():
    return Schedule[str](pace=PACE, random=lambda: 0.5)


def take(schedule, key, *, now):
    """Take the next key, which must be `key`."""
    assert schedule.take(now=now) == key


def test_keys_are_taken_by_due_time_and_then_in_the_order_of_adding(schedule):
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


def test_a_key_added_while_it_is_processed_is_taken_again_only_afterwards(schedule):
    schedule.add("a", due=0.0)
    take(schedule, "a", now=0.0)
    schedule.add("a", due=1.0)
    assert schedule.take(now=5.0) is None
    schedule.done("a", Done(), now=6.0)
    take(schedule, "a", now=6.0)


def test_an_earlier_due_time_added_during_the_reconcile_wins_over_its_requeue(schedule):
    schedule.add("a", due=0.0)
    take(schedule, "a", now=0.0)
    schedule.add("a", due=1.0)
    schedule.done("a", Resync(), now=2.0)
    assert schedule.next_due() == 1.0


@pytest.mark.parametrize(
    ("requeue", "due"),
    [(Done(), NEVER), (Resync(), 610.0), (After(7.0), 17.0), (Poll(changed=False), 11.0), (Retry(), 12.0)],
)
def test_each_kind_of_requeue_has_its_delay(schedule, requeue, due):
    schedule.add("a", due=0.0)
    take(schedule, "a", now=10.0)
    schedule.done("a", requeue, now=10.0)
    assert schedule.next_due() == due


def delays(schedule, *requeues):
    """End reconciles of no duration with `requeues`, each as soon as it is due; return the delays between them."""
    schedule.add("a", due=0.0)
    measured, now = [], 0.0
    for requeue in requeues:
        take(schedule, "a", now=now)
        schedule.done("a", requeue, now=now)
        measured.append(schedule.next_due() - now)
        now = schedule.next_due()
    return measured


def test_delays_grow_with_failures_in_a_row_and_a_success_resets_them(schedule):
    assert delays(schedule, Retry(), Retry(), Retry(), After(1.0), Retry()) == [2.0, 4.0, 8.0, 1.0, 2.0]


def test_polls_slow_down_with_the_time_waited_and_start_anew_after_a_change(schedule):
    assert delays(schedule, Poll(changed=True), After(40.0), Poll(changed=False)) == [1.0, 40.0, 1.0]


def test_a_failure_between_two_polls_does_not_reset_the_time_waited(schedule):
    unchanged, changed = Poll(changed=False), Poll(changed=True)
    schedule.add("a", due=0.0)
    for now, requeue, wait in [
        (0.0, unchanged, 1.0),
        (50.0, Retry(), 2.0),
        (60.0, unchanged, 6.0),
        (80.0, changed, 1.0),
    ]:
        take(schedule, "a", now=now)
        schedule.done("a", requeue, now=now)
        assert schedule.next_due() == pytest.approx(now + wait)


def test_a_forgotten_key_is_removed_with_its_state(schedule):
    schedule.add("a", due=0.0)
    take(schedule, "a", now=0.0)
    schedule.done("a", Retry(), now=0.0)
    schedule.forget("a")
    assert schedule.next_due() == NEVER
    assert delays(schedule, Retry()) == [2.0]


def test_a_key_forgotten_while_it_is_processed_is_not_requeued(schedule):
    schedule.add("a", due=0.0)
    take(schedule, "a", now=0.0)
    schedule.forget("a")
    schedule.done("a", Retry(), now=1.0)
    assert schedule.next_due() == NEVER


def test_a_key_forgotten_and_added_while_it_is_processed_is_taken_again_with_new_state(schedule):
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


def test_done_for_a_key_that_is_not_processed_is_an_error(schedule):
    schedule.add("a", due=0.0)
    with pytest.raises(KeyError):
        schedule.done("a", Done(), now=0.0)


def test_depth_counts_keys_that_are_due_and_not_processed(schedule):
    for key, due in [("a", 0.0), ("b", 1.0), ("c", 2.0), ("d", 9.0)]:
        schedule.add(key, due=due)
    assert schedule.depth(Priority.CREATION, now=2.0) == 3
    take(schedule, "a", now=2.0)
    schedule.add("a", due=2.0)
    assert schedule.depth(Priority.CREATION, now=2.0) == 2
    assert schedule.ages(now=5.0) == {"a": 3.0}


def test_stale_heap_items_are_removed(schedule):
    for now in range(10_000):
        schedule.add("a", due=now)
        take(schedule, "a", now=now)
        schedule.done("a", Resync(), now=now)
    assert sum(map(len, schedule._heaps.values())) < 100


def test_a_key_that_is_done_leaves_no_state(schedule):
    for number in range(100):
        schedule.add(f"{number}", due=0.0)
        take(schedule, f"{number}", now=0.0)
        schedule.done(f"{number}", Done(), now=0.0)
    assert not schedule._entries


def test_of_the_due_keys_the_one_with_the_highest_priority_is_taken(schedule):
    for priority in sorted(Priority):
        schedule.add(priority.name, due=1.0, priority=priority)
    schedule.add("later edit", due=2.0, priority=Priority.EDIT)
    assert [schedule.take(now=1.0) for _ in range(6)] == ["DELETION", "EDIT", "CREATION", "RETRY", "DRIFT", None]


def test_a_due_key_of_low_priority_does_not_wait_for_a_key_of_high_priority_that_is_not_due(schedule):
    schedule.add("edit", due=2.0, priority=Priority.EDIT)
    schedule.add("drift", due=1.0, priority=Priority.DRIFT)
    assert schedule.next_due() == 1.0
    take(schedule, "drift", now=1.0)


def test_the_highest_priority_and_the_earliest_due_time_of_a_key_win(schedule):
    schedule.add("a", due=1.0, priority=Priority.DRIFT)
    assert schedule.add("a", due=5.0, priority=Priority.EDIT)
    assert not schedule.add("a", due=1.0, priority=Priority.RETRY)
    schedule.add("b", due=0.0, priority=Priority.CREATION)
    assert schedule.depth(Priority.DRIFT, now=1.0) == 0
    assert schedule.depth(Priority.EDIT, now=1.0) == 1
    take(schedule, "a", now=1.0)
    take(schedule, "b", now=1.0)
    assert schedule.take(now=9.0) is None


@pytest.mark.parametrize(
    ("requeue", "priority"),
    [
        (Resync(), Priority.DRIFT),
        (After(0.0), Priority.RETRY),
        (Poll(changed=True), Priority.CREATION),
        (Retry(), Priority.RETRY),
    ],
)
def test_each_kind_of_requeue_has_its_priority_whatever_the_previous_one_was(schedule, requeue, priority):
    schedule.add("a", due=0.0, priority=Priority.DELETION)
    take(schedule, "a", now=0.0)
    schedule.done("a", requeue, now=0.0)
    assert {each for each in Priority if schedule.depth(each, now=1000.0)} == {priority}


def test_an_edit_during_the_reconcile_keeps_its_priority(schedule):
    schedule.add("a", due=0.0, priority=Priority.DRIFT)
    take(schedule, "a", now=0.0)
    schedule.add("a", due=1.0, priority=Priority.EDIT)
    schedule.done("a", Resync(), now=2.0)
    assert schedule.depth(Priority.EDIT, now=2.0) == 1


def test_background_priorities_leave_workers_free():
    schedule = Schedule[str](pace=PACE, random=lambda: 0.5, background_limit=2)
    for key in "abcd":
        schedule.add(key, due=0.0, priority=Priority.DRIFT)
    schedule.add("retry", due=0.0, priority=Priority.RETRY)
    assert [schedule.take(now=0.0) for _ in range(3)] == ["retry", "a", None]
    assert schedule.next_due() == NEVER, "a wait until the due time would be a busy loop"
    schedule.add("edit", due=0.0, priority=Priority.EDIT)
    take(schedule, "edit", now=0.0)
    schedule.forget("a")
    assert schedule.take(now=0.0) is None, "the reconcile of a forgotten key still occupies its worker"
    schedule.done("a", Done(), now=1.0)
    take(schedule, "b", now=1.0)


def test_a_key_knows_for_how_long_it_was_due(schedule):
    schedule.add("a", due=1.0)
    take(schedule, "a", now=4.0)
    schedule.add("a", due=4.0)
    assert schedule.waited("a") == 3.0
