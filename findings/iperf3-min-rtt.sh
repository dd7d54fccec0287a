#!/usr/bin/env bash
# Software: iperf3 3.12 (Debian 12) and 3.18 (Debian 13), a Linux kernel.
#
# Behaviour: "min_rtt" in the JSON is not the smallest round-trip time of the connection. It is the
# smallest of the smoothed times (tcpi_rtt) that iperf3 read at the ends of its intervals, in the middle
# of its own full queue. The kernel's own minimum (tcpi_min_rtt, minrtt of ss) is not used.
#
# Expected: the name is that of the kernel's field, whose value is the path's delay without a queue.
#
# Hurt: everyone who takes max_rtt - min_rtt or mean_rtt - min_rtt for the queue's delay (bufferbloat),
# or min_rtt for the distance: both are wrong by the size of the queue. A longer interval makes it worse.
#
# Source: none found. iperf3's documentation has no word on the field.
#
# Seen: 46 ms and 45 ms behind a shaper of 20 Mbit/s with 300 kB of queue, 0.008 ms and 0.022 ms by ss in
# the middle of the same test.

. "${0%/*}/common.sh"
deb bookworm iperf3=3.12-1+deb12u2 libiperf0=3.12-1+deb12u2
deb trixie iperf3=3.18-2+deb13u2 libiperf0=3.18-2+deb13u2 libc6 libssl3t64 libsctp1 libzstd1 zlib1g
namespaces
at "$a" tc qdisc add dev a0 root tbf rate 20mbit burst 20k limit 300k

for suite in bookworm trixie; do
	start server "$b" "$work/$suite/run/iperf3" -s
	listening "$b" tcp 5201
	start json "$a" "$work/$suite/run/iperf3" -c 10.9.0.2 -J -t 3 -C cubic
	client=${pids[-1]}
	sleep 2 # the test's middle
	kernel=$(at "$a" ss -tinH dst 10.9.0.2:5201 | grep -o 'minrtt:[0-9.]*' | sort -t: -k2g | tail -1)
	wait "$client"
	stop
	stop
	jq -c '.start.version, (.end.streams[0].sender | .min_rtt, .mean_rtt, .max_rtt)' "$work/json" | xargs
	echo "ss, ms: $kernel"
	note "$(jq -r --argjson kernel "${kernel#*:}" '.start.version + ": min_rtt is "
		+ (if .end.streams[0].sender.min_rtt > 5000 * $kernel then "more than 5 times" else "near" end)
		+ " the kernel'"'"'s"' "$work/json")"
done

same <<'END'
iperf 3.12: min_rtt is more than 5 times the kernel's
iperf 3.18: min_rtt is more than 5 times the kernel's
END
