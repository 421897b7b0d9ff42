# role: test
import os
import sys
import unittest
from unittest import mock

import pytest

import regrow as rg


async def test_system():
    async with rg.System([]) as system:  # expect: RG606
        assert system


class TestSystems:
    @pytest.mark.asyncio
    # of two Systems
    @pytest.mark.parametrize("count", [1, 2])
    async def test_system(self, count):
        async with rg.System([]) as system:  # expect: RG606
            assert system, count

    @pytest.mark.regrow
    async def test_marked(self):
        async with rg.System([]) as system:
            assert system

    async def test_kit(self, regrow_kit):
        async with rg.System([]) as system:
            assert system, regrow_kit


class Case(unittest.IsolatedAsyncioTestCase):
    async def test_system(self):
        async with rg.System([]) as system:  # expect: RG606
            assert system


def test_unstarted():
    assert rg.System([])


def test_sets():
    os.environ["A"] = "1"  # expect: RG606
    os.environ["B"] = str(
        2,
    )
    del os.environ["A"]
    os.environ.pop("B")
    os.environ.pop("C", None)


class TestPaths:
    @pytest.mark.parametrize("name", ["a", "b"])
    def test_goes(self, tmp_path, name):
        os.chdir(tmp_path / name)  # expect: RG606
        sys.path.insert(0, str(tmp_path))

    def test_has_one(self, monkeypatch):
        os.environ["A"] = "1"  # expect: RG606

    def test_adds(self):
        sys.path.append("lib")  # expect: RG606

    def test_by_position(self, value=1):
        os.environ["A"] = "1"  # expect: RG606

    @mock.patch("a.b", 1)
    def test_decorated(self):
        os.environ["A"] = "1"  # expect: RG606


class Plain(unittest.TestCase):
    def test_sets(self):
        os.environ["A"] = "1"  # expect: RG606
