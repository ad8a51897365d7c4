"""Functions that never end."""

import time


def loops(*given):
    while True:
        pass


def loops_in_a_line(*given):
    while True: pass  # fmt: skip  # noqa: E701


def loops_and_catches_all(*given):
    while True:
        try:
            given = given[:1] * 2
        except:  # noqa: E722
            given = ()


def loops_and_catches_exceptions(*given):
    while True:
        try:
            given = given[:1] * 2
        except Exception:
            given = ()


def sleeps(*given):
    time.sleep(1e6)
