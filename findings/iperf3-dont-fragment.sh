#!/usr/bin/env bash
# Software: iperf3 3.18 (Debian 13), compared with 3.12 (Debian 12).
#
# Behaviour: a UDP test with --dont-fragment and datagrams larger than the MTU sends nothing, reports
# 0 lost of 0 datagrams (0%), prints "iperf Done." and exits with status 0.
#
# Expected: every send fails with EMSGSIZE, so the test fails as it does in 3.12: "Message too long".
#
# Hurt: those who look for a path's MTU with UDP: the size that does not fit is the one with 0 % loss and
# status 0. Monitoring that alarms on loss stays silent as well.
#
# Source: none found. Since 3.18 a failed send of UDP is no longer an error.
#
# Seen: "0.00 Bytes  0.00 bits/sec  0.000 ms  0/0 (0%)" for sender and receiver, status 0.

. "${0%/*}/common.sh"
deb bookworm iperf3=3.12-1+deb12u2 libiperf0=3.12-1+deb12u2
deb trixie iperf3=3.18-2+deb13u2 libiperf0=3.18-2+deb13u2 libc6 libssl3t64 libsctp1 libzstd1 zlib1g
namespaces

for suite in bookworm trixie; do
	iperf=$work/$suite/run/iperf3
	start server "$b" "$iperf" -s
	listening "$b" tcp 5201
	status=0
	at "$a" "$iperf" -c 10.9.0.2 -u -b 10M -l 4000 --dont-fragment -t 1 >"$work/out" 2>&1 || status=$?
	stop
	note "$("$iperf" -v | head -1 | cut -d' ' -f1,2): status $status"
	# The total, or the error.
	note "$(grep -E '(receiver|error)' "$work/out" | sed 's/.* sec  *//; s/.*stream socket: //; s/  */ /g')"
done

same <<'END'
iperf 3.12: status 1
Message too long
iperf 3.18: status 0
0.00 Bytes 0.00 bits/sec 0.000 ms 0/0 (0%) receiver
END
