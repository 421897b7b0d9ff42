# regrow: file-ignore[RG601] no test  # expect: RG002
import asyncio

# regrow: ignore[RG101] nothing is spawned on the next line  # expect: RG002
print(1)  # expect: RG002  # noqa: RG101 nothing here
print(2)  # expect: RG002  # noqa: E501, RG101, BLE001 only one of them is ours
print(3)  # expect: RG002  # regrow: ignore[unsupervised-spawn] nothing here
print(4)  # expect: RG002  # regrow: ignore[no-such-rule] a slip
print(5)  # expect: RG002  # regrow: ignore nothing named
print(6)  # expect: RG002, RG002  # regrow: ignore[RG101, RG602] neither
print(7)  # expect: RG002  # noqa: RG999 never was

asyncio.create_task(print(1))  # noqa: RG101 needed
asyncio.create_task(print(2))  # regrow: ignore[RG101] needed
asyncio.create_task(print(3))  # regrow: ignore[unsupervised-spawn] needed
asyncio.create_task(print(4))  # expect: RG002  # regrow: ignore[RG101, raw-sent] one is a slip
# regrow: ignore[RG101] what follows
asyncio.create_task(print(5))

# regrow: ignore[RG101] what follows, whatever stands between
# and why

asyncio.create_task(
    print(6),
)
asyncio.create_task(
    print(7),
)  # noqa: RG101 at its end

TEXT = "# noqa: RG101 in a string"
MORE = """
# regrow: ignore[RG101] in a string
"""
print(8)  # noqa
print(9)  # noqa: E501
