#!/usr/bin/env bash
# Software: iperf 2.1.8, libfaketime 0.9.10 for the client's clock (both Debian 12).
#
# Behaviour: with --trip-times the server takes the client's clock for the start of its final time.
# If the client's clock is 1 s ahead, a test of 3 s lasts 2 s at the server and its bandwidth is half as
# high again. If it is 1 s behind, the bandwidth is a quarter too low. No warning is printed.
#
# Expected: clocks that differ spoil the latencies, which is documented. Bytes and their time are
# both measured by the server, so the bandwidth does not need the client's clock.
#
# Hurt: tests between machines without NTP or PTP, such as devices under test that just booted.
# A negative delay at least shows. With a clock that is behind every number looks plausible.
#
# Source: the manual page says that the clocks' error affects the latencies, and nothing of bandwidth.
#
# Seen: the server reported 105, 158 and 79 Mbit/s, the client 105 each time.

. "${0%/*}/common.sh"
deb bookworm iperf=2.1.8+dfsg-1 libfaketime=0.9.10-2.1
namespaces
fake=$(echo "$work"/bookworm/usr/lib/*/faketime/libfaketime.so.1)

for ahead in +0 +1 -1; do
	start server "$b" stdbuf -oL "$work/bookworm/run/iperf" -s -e
	listening "$b" tcp 5001
	at "$a" env FAKETIME="${ahead}s" LD_PRELOAD="$fake" "$work/bookworm/run/iperf" \
		-c 10.9.0.2 -t 3 -b 100M --trip-times >"$work/client"
	for i in {1..50}; do grep -aq ' sec ' "$work/server" && break || sleep 0.1; done
	stop
	rate() { grep -a ' sec ' "$1" | tail -1 | sed 's|.*Bytes *\([0-9.]*\) Mbits/sec.*|\1|'; }
	echo "client: $(rate "$work/client") Mbit/s, server: $(rate "$work/server") Mbit/s"
	note "client's clock $ahead s: $(awk -v c="$(rate "$work/client")" -v s="$(rate "$work/server")" 'BEGIN {
		print "the server has", (s > 1.4 * c && s < 1.6 * c ? "1.5" : s < 0.8 * c && s > 0.7 * c ? "0.75" : \
			s > 0.97 * c && s < 1.03 * c ? "1" : s / c), "times the client'"'"'s rate" }')"
done

same <<'END'
client's clock +0 s: the server has 1 times the client's rate
client's clock +1 s: the server has 1.5 times the client's rate
client's clock -1 s: the server has 0.75 times the client's rate
END
