"""Something fetched without a timeout."""

from urllib.request import urlopen


def show(url):
    with urlopen(url) as answer:
        print(answer.read().decode())


show("data:text/plain,hello,%20(world)")
