#!/usr/bin/env bash
# Software: iperf 2.2.1 (Debian 13), compared with 2.1.8 (Debian 12).
#
# Behaviour: the packets per second in the total of a UDP client (-e) are divided by one interval too
# many: 894 datagrams in 2.0 s are "298 pps" with -i 1, and "-0 pps" without -i. The bandwidth in the
# same line is right.
#
# Expected: datagrams divided by time, as 2.1.8 prints.
#
# Hurt: those who size firewalls and routers by packets per second. A test of 1 s has half the rate,
# one of 5 s five sixths, so the device seems to get faster the longer it is tested.
#
# Source: none found.
#
# Seen: 298 pps for 894 datagrams in 2.0042 s, 372 pps for 2231 in 5.0023 s, -0 pps without -i.

. "${0%/*}/common.sh"
deb bookworm iperf=2.1.8+dfsg-1
deb trixie iperf=2.2.1+dfsg-1 libc6 libstdc++6 libgcc-s1
namespaces

for suite in bookworm trixie; do
	start server "$b" "$work/$suite/run/iperf" -s -u
	listening "$b" udp 5001
	for options in "-t 1 -i 1" "-t 2 -i 1" "-t 2"; do
		# shellcheck disable=SC2086
		at "$a" "$work/$suite/run/iperf" -c 10.9.0.2 -u -b 5M -l 1470 -e $options >"$work/out"
		# The client's total: the last row with packets per second that has no jitter.
		total=$(grep ' pps' "$work/out" | grep -v ' ms ' | tail -1)
		echo "$total"
		note "$("$work/$suite/run/iperf" -v 2>&1 | cut -d' ' -f1,3) $options: $(echo "$total" |
			sed 's|.*-\([0-9.]*\) sec.*/sec *\([0-9]*\)/.* \(-*[0-9]*\) pps.*|\1 \2 \3|' | awk '{
			rate = $2 / $1
			print ($3 <= 0 ? "none of" : $3 < 0.55 * rate ? "half" : $3 < 0.7 * rate ? "two thirds of" : \
				$3 > 0.97 * rate && $3 < 1.03 * rate ? "all of" : $3), "the packet rate" }')"
	done
	stop
done

same <<'END'
iperf 2.1.8 -t 1 -i 1: all of the packet rate
iperf 2.1.8 -t 2 -i 1: all of the packet rate
iperf 2.1.8 -t 2: all of the packet rate
iperf 2.2.1 -t 1 -i 1: half the packet rate
iperf 2.2.1 -t 2 -i 1: two thirds of the packet rate
iperf 2.2.1 -t 2: none of the packet rate
END
