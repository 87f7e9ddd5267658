"""Bounds hold, batches fill, and nobody waits for ever."""

import threading
import time
from collections.abc import Iterator

import pytest

from colorgan.batch.memory import Budget
from colorgan.batch.pipeline import Batcher, map_unordered


def test_every_item_is_mapped_and_taken_only_when_needed() -> None:
    taken: list[int] = []

    def items() -> Iterator[int]:
        for item in range(50):
            taken.append(item)
            yield item

    ready = threading.Semaphore(0)

    def work(item: int) -> int:
        assert ready.acquire(timeout=10)
        return item * item

    results = map_unordered(work, items(), threads=3)
    given = set()
    for count in range(1, 51):
        ready.release()
        given.add(next(results))
        assert len(taken) <= count + 3
    assert given == {item * item for item in range(50)}
    assert next(results, None) is None


def test_a_slow_item_does_not_hold_up_the_others() -> None:
    others_done = threading.Event()

    def work(item: int) -> int:
        if item == 0:
            assert others_done.wait(timeout=10)
        return item

    results = map_unordered(work, range(20), threads=2)
    first = [next(results) for _ in range(19)]
    others_done.set()
    assert 0 not in first
    assert list(results) == [0]


def test_an_error_of_the_function_ends_the_whole() -> None:
    taken = []

    def work(item: int) -> None:
        taken.append(item)
        if item == 10:
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        list(map_unordered(work, range(10_000), threads=2))
    assert len(taken) < 10_000


def test_giving_up_ends_the_threads() -> None:
    before = threading.active_count()
    results = map_unordered(lambda item: item, range(10**9), threads=3)
    next(results)
    results.close()  # type: ignore[attr-defined]
    assert threading.active_count() == before


def test_a_budget_is_kept_and_what_is_larger_runs_alone() -> None:
    budget, lock = Budget(10), threading.Lock()
    held: list[int] = []
    seen: list[list[int]] = []

    def work(size: int) -> None:
        budget.acquire(size)
        with lock:
            held.append(size)
            seen.append(list(held))
        time.sleep(0.002)
        with lock:
            held.remove(size)
        budget.release(size)

    list(map_unordered(work, [3, 4, 25, 5, 6, 1, 1, 25, 2, 9, 10] * 5, threads=8))
    assert all(sum(sizes) <= 10 or sizes == [25] for sizes in seen)
    assert [25] in seen
    assert max(map(len, seen)) > 1


def call_all(batcher: Batcher[int, int], items: list[int], threads: int) -> dict[int, int]:
    return dict(map_unordered(lambda item: (item, batcher(item)), items, threads, within=batcher.caller))


@pytest.mark.parametrize("threads", [1, 3, 16])
@pytest.mark.parametrize(("size", "at_once"), [(1, 1), (1, 4), (4, 1), (4, 2), (100, 1)])
def test_every_caller_gets_its_own_result(threads: int, size: int, at_once: int) -> None:
    running, most = 0, 0
    lock = threading.Lock()

    def double(batch: list[int]) -> list[int]:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        assert 1 <= len(batch) <= size
        assert len({item % 3 for item in batch}) == 1
        with lock:
            running -= 1
        return [2 * item for item in batch]

    batcher = Batcher(double, lambda item: item % 3, size, at_once)
    assert call_all(batcher, list(range(200)), threads) == {item: 2 * item for item in range(200)}
    assert most <= at_once


def test_batches_are_full_where_there_are_callers_enough() -> None:
    sizes = []

    def slow(batch: list[int]) -> list[int]:
        sizes.append(len(batch))
        time.sleep(0.01)
        return batch

    call_all(Batcher(slow, lambda _: 0, size=4, at_once=1), list(range(80)), threads=8)
    assert sum(sizes) == 80
    assert sizes.count(4) > len(sizes) / 2


def test_an_error_reaches_every_caller_of_the_batch_and_no_other() -> None:
    def fail_for_odd(batch: list[int]) -> list[int]:
        return [item // (1 - item % 2) for item in batch]

    batcher = Batcher(fail_for_odd, lambda item: item % 2, size=4, at_once=1)

    def work(item: int) -> tuple[int, str]:
        try:
            return item, str(batcher(item))
        except ZeroDivisionError:
            return item, "failed"

    results = dict(map_unordered(work, range(40), 8, within=batcher.caller))
    assert results == {item: str(item) if item % 2 == 0 else "failed" for item in range(40)}


def test_a_caller_that_waits_for_another_does_not_hold_up_its_batch() -> None:
    batcher: Batcher[int, int] = Batcher(lambda batch: batch, lambda _: 0, size=4, at_once=1)
    budget = Budget(1)

    def work(item: int) -> int:
        with batcher.away():
            budget.acquire(1)  # one at a time: no batch is ever full
        try:
            return batcher(item)
        finally:
            budget.release(1)

    assert set(map_unordered(work, range(30), 4, within=batcher.caller)) == set(range(30))
