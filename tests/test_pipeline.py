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
    return dict(map_unordered(lambda item: (item, batcher(item)), items, threads))


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


class Device:
    """Runs one batch when it is told to, so that what waits meanwhile is known."""

    def __init__(self, size: int) -> None:
        self.begun, self.go = threading.Semaphore(0), threading.Semaphore(0)
        self.batches: list[list[str]] = []
        self.batcher = Batcher[str, str](self.run, lambda item: item, size, at_once=1)
        self.callers: list[threading.Thread] = []

    def run(self, batch: list[str]) -> list[str]:
        self.batches.append(batch)
        self.begun.release()
        assert self.go.acquire(timeout=60)
        return batch

    def ask(self, items: str) -> None:
        """Have each letter called for by a thread of its own, one after the other."""
        for item in items:
            self.callers.append(threading.Thread(target=self.batcher, args=(item,)))
            self.callers[-1].start()
            until = time.monotonic() + 60
            while sum(map(len, self.batches)) + self.waiting() < len(self.callers):
                assert time.monotonic() < until
                time.sleep(0.001)

    def waiting(self) -> int:
        return sum(map(len, self.batcher._waiting.values()))

    def finish(self) -> list[str]:
        """Let all run; the batches, a word each."""
        for _ in self.callers:
            self.go.release()
        for caller in self.callers:
            caller.join(60)
        return ["".join(batch) for batch in self.batches]


def test_a_call_begins_at_once_and_calls_gather_while_the_device_is_busy() -> None:
    device = Device(size=4)
    device.ask("a")
    assert device.begun.acquire(timeout=60)  # nobody else has called
    device.ask("aaaaaa")
    assert device.finish() == ["a", "aaaa", "aa"]


def test_keys_take_turns_and_a_rare_one_does_not_starve() -> None:
    device = Device(size=2)
    device.ask("abaabbaabbcb")
    assert device.finish() == ["a", "bb", "c", "aa", "bb", "aa", "bb"]


def test_an_error_reaches_every_caller_of_the_batch_and_no_other() -> None:
    def fail_for_odd(batch: list[int]) -> list[int]:
        return [item // (1 - item % 2) for item in batch]

    batcher = Batcher(fail_for_odd, lambda item: item % 2, size=4, at_once=1)

    def work(item: int) -> tuple[int, str]:
        try:
            return item, str(batcher(item))
        except ZeroDivisionError:
            return item, "failed"

    results = dict(map_unordered(work, range(40), 8))
    assert results == {item: str(item) if item % 2 == 0 else "failed" for item in range(40)}
