#!/usr/bin/env bash
# Software: iperf3 3.18 (Debian 13), compared with 3.12 (Debian 12).
#
# Behaviour: a test of an amount (-n, -k) does not end if the amount has been sent. It ends with the
# interval of -i in which that happened. An unpaced test is idle for the rest of that second, and the
# rate is the amount divided by all of it. A paced one goes on sending.
#
# Expected: the time until the amount has been sent, as before 3.16. 40 MB in 1.00 s look like a link
# of 320 Mbit/s.
#
# Hurt: everyone who compares transfers of one size. Up to the interval's end a fast link and a slow one
# get the same rate. On links that are billed by volume more is sent than was asked for.
#
# Source: esnet/iperf#1768, open since September 2024. The help text was changed in February 2025
# (esnet/iperf#1800), after 3.18.
#
# Seen: 3.12 reported 5.20 Gbit/s over 0.06 s, 3.18 reported 335 Mbit/s over 1.00 s. Of "-n 12M -b 40M",
# which takes 2.5 s, 3.18 sent 15.1 MB in place of 12.6 MB, in 3.0 s.

. "${0%/*}/common.sh"
deb bookworm iperf3=3.12-1+deb12u2 libiperf0=3.12-1+deb12u2
deb trixie iperf3=3.18-2+deb13u2 libiperf0=3.18-2+deb13u2 libc6 libssl3t64 libsctp1 libzstd1 zlib1g
namespaces

for suite in bookworm trixie; do
	start server "$a" "$work/$suite/run/iperf3" -s
	listening "$a" tcp 5201
	for options in "-n 40M" "-n 12M -b 40M"; do
		# shellcheck disable=SC2086
		at "$a" "$work/$suite/run/iperf3" -c 127.0.0.1 -J $options >"$work/json"
		jq -c '.start.version, (.end.sum_sent | .bytes, .seconds, .bits_per_second)' "$work/json" | xargs
		note "$(jq -r --arg options "$options" '.end.sum_sent.bytes as $sent | .end.sum_sent.seconds as $time |
			.start.version + " " + $options + ": "
			+ (if $sent > 1.1 * .start.test_start.bytes then "too much" else "the amount" end)
			+ (if $time < 0.75 then " at once"
				elif ($time - ($time | round)) | fabs < 0.25 then " at a full second"
				else " between two seconds" end)' "$work/json")"
	done
	stop
done

same <<'END'
iperf 3.12 -n 40M: the amount at once
iperf 3.12 -n 12M -b 40M: the amount between two seconds
iperf 3.18 -n 40M: the amount at a full second
iperf 3.18 -n 12M -b 40M: too much at a full second
END
