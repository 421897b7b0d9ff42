import threading

here = threading.local()


def connection(connect):
    if not hasattr(here, "connection"):
        here.connection = connect()
    return here.connection
