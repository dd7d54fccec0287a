#!/usr/bin/env bash
# Software: tc of iproute2 6.1.0 (Debian 12), the kernel's tbf. Seen with Linux 6.18.
#
# Behaviour: a tbf with "burst 1500" on a device with an MTU of 1500 drops every full-sized packet and
# passes the smaller ones. tc accepts it with status 0 and prints no warning. The burst counts the
# Ethernet header, so 1514 bytes are needed.
#
# Expected: the burst is one packet of the MTU, which is how small a shaper is commonly made. If it does
# not suffice, then for no packet, or with an error.
#
# Hurt: those who build a slow link for tests: ping works, connections open, small requests are answered,
# and a download stands still. It looks like an MTU black hole or a fault of the program under test.
#
# Source: the manual page names rate/HZ as the least burst and mentions neither the MTU nor the header. The
# kernel's log, which a user in a container does not see, has "burst 1500 is lower than device a0 mtu (1514)".
#
# Seen: 3 of 3 pings of 1442 bytes passed, 0 of 3 of 1514 bytes. With burst 1514 all passed.

. "${0%/*}/common.sh"
deb bookworm iproute2=6.1.0-3 fping=5.1-1
namespaces

for burst in 1500 1514; do
	status=0
	at "$a" "$work/bookworm/run/tc" qdisc replace dev a0 root tbf rate 20mbit burst "$burst" latency 50ms \
		2>"$work/tc" || status=$?
	note "burst $burst: status $status$(cat "$work/tc")"
	for size in 1400 1472; do
		at "$a" "$work/bookworm/run/fping" -q -c 3 -p 50 -b "$size" 10.9.0.2 2>"$work/out" || true
		note "burst $burst, frames of $((size + 42)) bytes: $(sed 's|.*= \([0-9/]*\)/[0-9]*%.*|\1|' "$work/out")"
	done
	note "burst $burst: $(at "$a" "$work/bookworm/run/tc" -s qdisc show dev a0 | grep -o 'dropped [0-9]*')"
	at "$a" "$work/bookworm/run/tc" qdisc del dev a0 root
done

same <<'END'
burst 1500: status 0
burst 1500, frames of 1442 bytes: 3/3
burst 1500, frames of 1514 bytes: 3/0
burst 1500: dropped 3
burst 1514: status 0
burst 1514, frames of 1442 bytes: 3/3
burst 1514, frames of 1514 bytes: 3/3
burst 1514: dropped 0
END
