from errors import Exception


def own(work):
    try:
        work()
    except Exception:
        pass
    try:
        work()
    except BaseException:  # expect: RG401
        pass
