"""The tests of the shop, as a copy of it gets them: `test_shop.py`."""

import regrow as rg
from regrow.testing import run_virtual
from tests.comply.apps.shop.stock import Stock


def test_the_stock_is_counted() -> None:
    async def main() -> None:
        async with rg.System([rg.child(Stock, name="stock")], strategy="one_for_one") as system:
            stock = system.ref("stock", Stock)
            assert await stock.call(Stock.take("pear"), timeout=1.0) == 2

    run_virtual(main())
