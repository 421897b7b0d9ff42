import os
import os as system
from os import environ, putenv
from os import environ as surroundings

import click
import typer

os.environ["A"] = "1"  # expect: RG303
COPY = dict(os.environ)
COPY["A"] = "2"


def set_up(values):
    os.environ["A"], other = "1", 2  # expect: RG303
    system.environ["A"] = "1"  # expect: RG303
    environ["A"] = "1"  # expect: RG303
    surroundings["A"] = "1"  # expect: RG303
    del environ["A"]  # expect: RG303
    environ.update(values)  # expect: RG303
    os.environ.setdefault("A", "1")  # expect: RG303
    os.environ.pop("A", None)  # expect: RG303
    os.environ |= values  # expect: RG303
    putenv("A", "1")  # expect: RG303
    os.unsetenv("A")  # expect: RG303
    return other


def for_a_while(run):
    old = os.environ.get("A")
    os.environ["A"] = "1"  # expect: RG303
    try:
        run()
    finally:
        if old is None:
            del os.environ["A"]
        else:
            os.environ["A"] = old


def read():
    return os.environ["A"], os.environ.get("A"), "A" in os.environ, os.getenv("A")


def copied():
    mine = os.environ.copy()
    mine["A"] = "1"
    mine.update(B="2")
    return {**os.environ, "A": "1"}


class Settings:
    def __init__(self):
        self.environ = {}

    def change(self, environ):
        self.environ["A"] = "1"
        environ["wsgi.input"] = None
        environ.pop("A")


@click.command()
def build(target):
    os.environ["TARGET"] = target


def main():
    os.environ["A"] = "1"


if __name__ == "__main__":
    os.environ["A"] = "1"
    main()


app = typer.Typer()
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shop.settings")


@app.callback()
def options(debug: bool):
    os.environ["DEBUG"] = str(debug)
