# coding: latin-1
"""Another encoding, other line ends."""

from urllib.request import urlopen

text = "äöü"; answer = urlopen("data:,%E4")  # ß
print(text, answer.read())
TESTING = False
if not TESTING:
    print("é")
