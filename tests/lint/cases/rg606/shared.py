# role: test
import os
import sys
import unittest
from unittest import mock

import pytest


def test_sets():
    os.environ["A"] = "1"  # expect: RG606
    os.environ["B"] = "2"
    assert os.environ["A"]


def test_goes(tmp_path):
    os.chdir(tmp_path)  # expect: RG606
    assert list(tmp_path.iterdir()) == []


async def test_imports(run):
    sys.path.insert(0, "lib")  # expect: RG606
    run(lambda: sys.path.append("other"))


async def test_elsewhere(run):
    def add():
        sys.path.insert(0, "lib")

    run(add)


def test_helper():
    os.environ["A"] = "1"


test_helper.__test__ = False


def test_puts_back():
    old = os.environ.get("A", "")
    os.environ["A"] = "1"
    try:
        assert os.environ["A"]
    finally:
        os.environ["A"] = old


def test_patches():
    with mock.patch.dict(os.environ):
        os.environ["A"] = "1"
        assert os.environ["A"]


@mock.patch.dict(os.environ, {})
def test_patched():
    os.environ["A"] = "1"
    assert os.environ["A"]


def test_by_fixture(clean_env):
    os.environ["A"] = "1"
    assert os.environ["A"]


def test_monkeypatch(monkeypatch, tmp_path):
    monkeypatch.setenv("A", "1")
    monkeypatch.chdir(tmp_path)
    assert os.environ["A"]


def test_kept_by_monkeypatch(monkeypatch, tmp_path):
    monkeypatch.setenv("A", "1")
    monkeypatch.chdir(tmp_path)
    os.environ["A"] = "2"
    os.chdir("/")
    assert os.environ["A"]


@pytest.fixture
def url():
    os.environ["A"] = "1"
    yield
    del os.environ["A"]


class Case(unittest.TestCase):
    def test_sets(self):
        os.environ["A"] = "1"  # expect: RG606

    def test_cleans_up(self):
        self.addCleanup(os.environ.pop, "A")
        os.environ["A"] = "1"


class Tidy(unittest.TestCase):
    def tearDown(self):
        os.environ.pop("A", None)

    def test_sets(self):
        os.environ["A"] = "1"


class Inherited(Tidy):
    def test_sets(self):
        os.environ["A"] = "1"


class TestRefused:
    def test_name(self):
        with pytest.raises(ValueError, match="null"):
            os.putenv("A\0", "1")

    def test_child(self):
        if os.fork() == 0:
            os.chdir("/")
            os._exit(0)
