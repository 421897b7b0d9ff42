import asyncio
import contextlib
import logging
import os
import sys
import traceback
import typing
from contextlib import suppress

import regrow as rg

log = logging.getLogger(__name__)


def bare(work):
    try:
        work()
    except:  # expect: RG401
        pass


def everything(work):
    try:
        work()
    except Exception:  # expect: RG401
        return None
    try:
        work()
    except (ValueError, BaseException) as error:  # expect: RG401
        return 1
    try:
        work()
    except* Exception:  # expect: RG401
        log.warning("it failed")


def suppressed(work):
    with contextlib.suppress(Exception):  # expect: RG401
        work()
    with suppress(OSError, BaseException):  # expect: RG401
        work()
    with suppress(OSError):
        work()


def in_vain(work):
    try:
        work()
    except Exception:  # expect: RG401

        def fail():
            raise ValueError

        work.later(fail)


def heard(work):
    try:
        work()
    except ValueError:
        pass
    except Exception as error:
        log.warning("it failed: %s", error)
    try:
        work()
    except Exception:
        log.exception("it failed")
    try:
        work()
    except Exception:
        log.warning("it failed", exc_info=True)
    try:
        work()
    except Exception:
        traceback.print_exc()
    try:
        work()
    except BaseException:
        work.cleanup()
        raise
    try:
        work()
    except Exception:
        os._exit(1)
    try:
        work()
    except Exception:
        sys.exit("it failed")


def silent_log(work):
    try:
        work()
    except Exception:  # expect: RG401
        log.warning("it failed", exc_info=False)


def secondary(work):
    try:
        work()
    except ValueError:
        try:
            work.close()
        except Exception:
            pass
        raise


def told_after(text):
    try:
        return int(text)
    except Exception:
        pass
    raise ValueError(text)


def shown(value):
    try:
        text = repr(value)
    except Exception:
        text = "?"
    return text


class Held:
    def __del__(self):
        try:
            self.close()
        except Exception:
            pass
        with suppress(Exception):
            self.close()


class Exception2(Exception):
    pass


def other(work):
    try:
        work()
    except Exception2:
        pass


class Base(rg.GenServer):
    def work(self):
        try:
            self.step()
        except Exception as error:  # expect: RG401
            log.error("it failed: %s", error)
        try:
            self.step()
        except ValueError as error:
            log.error("it failed: %s", error)
        try:
            self.step()
        except Exception as error:
            raise RuntimeError from error


class Derived(Base):
    def work(self):
        try:
            self.step()
        except Exception:  # expect: RG401
            log.exception("it failed")


def copied(value, deep, shallow, log):
    try:
        return deep(value)
    except Exception:
        try:
            return shallow(value)
        except Exception as error:
            log.debug("can't copy: %s", error)
            return value


def identity(item):
    try:
        return getattr(item, "id", None) or getattr(item, "name", None)
    except Exception:
        return None


async def end(task):
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError, Exception):
        await task


def returned(function):
    try:
        return typing.get_type_hints(function).get("return")
    except Exception:
        return None


def text(error, default):
    try:
        return str(error) or default
    except Exception:
        return default


def closes(make, one, other):
    try:
        return make(one, other)
    except BaseException:
        with suppress(BaseException):
            one.close()
        raise
