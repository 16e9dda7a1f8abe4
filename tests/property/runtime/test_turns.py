"""No priority starves, whatever other priorities are due."""

from hypothesis import given
from hypothesis import strategies as st

from acrcmk.runtime.priority import Priority, Turns

priorities = st.sampled_from(list(Priority))
histories = st.lists(st.frozensets(priorities, min_size=1), max_size=200)
limits = st.integers(min_value=0, max_value=20)


@given(history=histories, limit=limits)
def test_the_turns_that_a_due_priority_waits_for_are_bounded(history, limit):
    turns, waited = Turns(max_passed_over=limit), dict.fromkeys(Priority, 0)
    for candidates in history:
        chosen = turns.choose(candidates)
        assert chosen in candidates
        for candidate in candidates:
            waited[candidate] = 0 if candidate == chosen else waited[candidate] + 1
        assert max(waited.values()) < limit + len(Priority)


@given(history=histories, limit=limits)
def test_a_turn_below_the_highest_priority_is_one_that_was_passed_over_too_often(history, limit):
    turns, waited = Turns(max_passed_over=limit), dict.fromkeys(Priority, 0)
    for candidates in history:
        chosen = turns.choose(candidates)
        assert chosen == max(candidates) or waited[chosen] >= limit
        for candidate in candidates:
            waited[candidate] = 0 if candidate == chosen else waited[candidate] + 1


@given(low=priorities, high=priorities)
def test_of_two_priorities_that_are_always_due_the_higher_has_all_turns_but_one_in_seventeen(low, high):
    low, high = sorted((low, high))
    turns = Turns()
    chosen = [turns.choose({low, high}) for _ in range(1700)]
    assert chosen.count(low) == (100 if low != high else 1700)
