import asyncio

asyncio.create_task(print(1))  # expect: RG003  # noqa: RG101
asyncio.create_task(print(2))  # expect: RG003  # noqa:RG101 -
asyncio.create_task(print(3))  # expect: RG003  # regrow: ignore[RG101]
asyncio.create_task(print(4))  # expect: RG003  # NOQA: E501,RG101

asyncio.create_task(print(5))  # noqa: RG101 the process ends with it
asyncio.create_task(print(6))  # noqa: RG101  # the process ends with it
asyncio.create_task(print(7))  # noqa: RG101 - the process ends with it
asyncio.create_task(print(8))  # regrow: ignore[RG101] the process ends with it
asyncio.create_task(print(9))  # regrow: ignore[RG101]: the process ends with it
print(10)  # noqa
print(11)  # noqa: E501
