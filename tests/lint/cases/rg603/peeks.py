# role: test
import ctypes
import os
from collections import namedtuple
from unittest import mock
from unittest.mock import Mock, patch

import regrow as rg

Point = namedtuple("Point", "x y")


class Counter(rg.GenServer):
    def read(self):
        return self._hidden


class Fake:
    def __init__(self):
        self._seen = []
        setattr(self, "_other", 1)

    def _told(self):
        super()._told()


def test_reads(counter):
    assert counter._total == 1  # expect: RG603
    counter._total = 2  # expect: RG603
    counter.store._rows.clear()  # expect: RG603
    assert counter.total == 1
    assert counter.__class__ is not None


def test_patches(monkeypatch, counter):
    monkeypatch.setattr(counter, "_total", 1)  # expect: RG603
    monkeypatch.setattr("package.module._total", 1)  # expect: RG603
    monkeypatch.setattr(counter, "total", 1)
    with patch("package._load"):  # expect: RG603
        pass
    with mock.patch.object(counter, "_load"):  # expect: RG603
        pass
    with patch.object(counter, "load"):
        pass
    setattr(counter, "_total", 1)  # expect: RG603


def test_state(other):
    counter = Counter()
    assert counter.state == 1  # expect: RG603
    assert other.state == 1


def test_own():
    fake = Fake()
    assert fake._seen == []
    fake._told()
    assert Point(1, 2)._replace(x=2)._asdict() == {"x": 2, "y": 2}
    os._exit(0)


def test_a_mock(shop):
    till = Mock()
    till._drawer = 1
    shop.open(till)
    assert till._drawer == 1


class Pair(ctypes.Structure):
    pass


Pair._fields_ = [("x", ctypes.c_int)]
