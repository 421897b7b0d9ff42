"""Something fetched without a timeout."""

from urllib.request import urlopen

url = "data:text/plain,hello,%20(world)"
with urlopen(url) as answer:
    print(answer.read().decode())
