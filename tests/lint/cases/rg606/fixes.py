# role: test
import unittest

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
