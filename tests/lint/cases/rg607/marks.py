# role: test
import flaky as again
import pytest
from flaky import flaky
from pytest import mark

pytestmark = [pytest.mark.asyncio, pytest.mark.flaky(reruns=2)]  # expect: RG607


@pytest.mark.flaky  # expect: RG607
def test_bare():
    assert True


@mark.flaky(reruns=3, reruns_delay=1)  # expect: RG607
async def test_given():
    assert True


@flaky  # expect: RG607
def test_package():
    assert True


@flaky(max_runs=3)  # expect: RG607
def test_package_given():
    assert True


@again.flaky  # expect: RG607
def test_module():
    assert True


@pytest.mark.skip(reason="flaky on Windows")
def test_skipped():
    assert True


def pytest_collection_modifyitems(items):
    for item in items:
        item.add_marker(pytest.mark.flaky(reruns=1))  # expect: RG607


def test_own(server):
    server.flaky = True
    assert server.flaky
