#!/usr/bin/env bash
# Software: ping of toybox 0.8.9 (Debian 12 and 13), a Linux kernel.
#
# Behaviour: round-trip times are whole milliseconds. Almost everything in a local network takes
# "time=0 ms" and the summary is "min/avg/max = 0/0/0 ms".
#
# Expected: the output has the form of iputils and BusyBox, which print microseconds ("time=0.053 ms").
#
# Hurt: tests whose hosts have toybox alone, as small images and Android have. Jitter is 0 or 1 ms, a
# switch's delay cannot be seen, and a parser that takes 0 for "no reply" finds no reply.
#
# Source: none found. The help text has no word on the resolution.
#
# Seen: time=0 ms three times, where fping measured 0.03 to 0.15 ms. In one run on a busy machine the first
# was 1 ms.

. "${0%/*}/common.sh"
deb bookworm toybox=0.8.9+dfsg-1 fping=5.1-1
namespaces
at "$a" sysctl -qw net.ipv4.ping_group_range="0 0" # toybox opens a ping socket, not a raw one

at "$a" "$work/bookworm/run/fping" -q -c 1 10.9.0.2 2>/dev/null # address resolution
at "$a" "$work/bookworm/run/toybox" ping -c 3 -i 0.2 10.9.0.2 >"$work/out"
cat "$work/out"
note "toybox: $(grep -c 'time=[0-9]* ms' "$work/out") replies with times in whole milliseconds"
note "toybox: $(tail -1 "$work/out" | sed 's/[0-9][0-9]*/N/g')"
at "$a" "$work/bookworm/run/fping" -q -c 3 -p 200 10.9.0.2 2>"$work/out"
cat "$work/out"
note "fping: $(sed 's|.*avg/max = \([0-9.]*\)/.*|\1|' "$work/out" | awk '{ print ($1 > 0 && $1 < 1 ? "between 0 and 1 ms" : $1) }')"

same <<'END'
toybox: 3 replies with times in whole milliseconds
toybox: round-trip min/avg/max = N/N/N ms
fping: between 0 and 1 ms
END
