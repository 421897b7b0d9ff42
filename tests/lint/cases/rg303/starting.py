"""What only the start of a program, or of a child process, does with the environment."""

import multiprocessing
import os
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor


def _take_token():
    return os.environ.pop("TOKEN", None)


def _also_called_by_others():
    os.environ["A"] = "1"  # expect: RG303


def _given_to_others():
    os.environ["A"] = "1"  # expect: RG303


def public():
    os.environ["A"] = "1"  # expect: RG303


def main(register):
    public()
    _also_called_by_others()
    register(_given_to_others)
    _given_to_others()
    return _take_token()


def later():
    _also_called_by_others()


def begin_worker():
    os.environ["A"] = "1"


def begin_thread():
    os.environ["A"] = "1"  # expect: RG303


def pools():
    ThreadPoolExecutor(initializer=begin_thread)
    return ProcessPoolExecutor(), multiprocessing.Pool(initializer=begin_worker)


class Inspector:
    def run(self):
        os.environ["A"] = "1"

    def begin(self):
        multiprocessing.Process(target=self.run).start()
