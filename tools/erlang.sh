#!/bin/sh
# Install Erlang for the conformance oracle where that is possible; never fail.
if command -v erl >/dev/null; then
  exit 0
fi
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
  apt-get update -qq && apt-get install -qq -y --no-install-recommends erlang-base >/dev/null
fi
if ! command -v erl >/dev/null; then
  echo "conformance: no erl on the path (Debian: erlang-base): the live oracle is skipped, golden traces stand in"
fi
