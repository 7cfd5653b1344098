"""SIGTERM as an exception, so that every `finally` runs."""

import signal
import threading

import pytest

from cascade.process import terminate_on_sigterm


def test_sigterm_raises_system_exit_and_the_old_handler_returns():
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
    with pytest.raises(SystemExit, match="143"), terminate_on_sigterm():
        signal.raise_signal(signal.SIGTERM)
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL


def test_a_handler_of_somebody_else_is_left_in_place():
    heard = []
    signal.signal(signal.SIGTERM, lambda number, _frame: heard.append(number))
    try:
        with terminate_on_sigterm():
            signal.raise_signal(signal.SIGTERM)
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
    assert heard == [signal.SIGTERM]


def test_another_thread_may_not_use_it():
    heard: list[BaseException] = []

    def use() -> None:
        try:
            with terminate_on_sigterm():
                pass
        except ValueError as error:
            heard.append(error)

    thread = threading.Thread(target=use)
    thread.start()
    thread.join()
    assert "main thread only" in str(heard[0])
