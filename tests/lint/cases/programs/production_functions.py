"""Functions that would do something else in tests."""

IS_TEST = False


def retries(wanted):
    if IS_TEST:
        return 0
    return wanted


def pause(seconds):
    if not IS_TEST:
        if seconds:
            return f"pause of {seconds}"
        return "no pause"
    else:
        return "never"


def nothing():
    if IS_TEST:
        print("in a test")


print(retries(2), pause(0), pause(1), nothing())
