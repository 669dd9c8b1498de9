"""Ctrl-C waits while processes start."""

import signal

import pytest

from chainrule.base.interruption import ctrl_c_held


@pytest.mark.skipif(not hasattr(signal, "pthread_sigmask"), reason="Windows can hold no signal")
def test_ctrl_c_that_is_held_comes_in_the_end():
    came = []
    usual = signal.signal(signal.SIGINT, lambda *_: came.append(True))
    try:
        with ctrl_c_held():
            signal.raise_signal(signal.SIGINT)
            assert not came
        assert came == [True]
        assert signal.SIGINT not in signal.pthread_sigmask(signal.SIG_BLOCK, [])
    finally:
        signal.signal(signal.SIGINT, usual)
