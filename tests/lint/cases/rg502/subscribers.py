import subprocess
import time
from pathlib import Path

import requests
from opentelemetry.sdk.trace import SpanProcessor

import regrow as rg

LOG = Path("events.log")


def report(event):
    requests.post("https://collector.example", json={"name": event.name}, timeout=5)  # expect: RG502


def note(event):
    with open("events.log", "a") as out:  # expect: RG502
        out.write(event.name)
    time.sleep(0.1)  # expect: RG502
    print(event)

    def later():
        subprocess.run(["sync"], check=True)

    return later


def elsewhere(event):
    requests.post("https://collector.example", timeout=5)


def watch(system: rg.System, waiting):
    system.events.subscribe("supervisor", report)
    system.events.subscribe("process", note)
    system.events.subscribe("process", waiting.put)
    system.events.subscribe("call", lambda event: LOG.write_text(event.name))  # expect: RG502
    other = waiting.subscribe("call", elsewhere)
    return other


class Spans(SpanProcessor):
    def on_end(self, span):
        subprocess.run(["logger", span.name], check=True)  # expect: RG502

    def shutdown(self):
        open("spans.log").close()
