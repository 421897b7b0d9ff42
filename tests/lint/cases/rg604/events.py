# role: test
"""Threads that tell their end."""

import threading


def bounded(target):
    done = threading.Event()
    errors = []

    def run():
        try:
            target()
        except ValueError as error:
            errors.append(error)
        finally:
            done.set()

    threading.Thread(target=run, daemon=True).start()
    assert done.wait(5)


def only_begun(target):
    begun = threading.Event()

    def run():
        begun.set()
        target()

    threading.Thread(target=run).start()  # expect: RG604
    assert begun.wait(5)


def nobody_waits(target):
    done = threading.Event()

    def run():
        target()
        done.set()

    threading.Thread(target=run).start()  # expect: RG604
