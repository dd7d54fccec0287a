#!/usr/bin/env bash
# Software: iperf 2.1.8 (Debian 12) and 2.2.1 (Debian 13).
#
# Behaviour: a client whose connection is refused exits with status 0. 2.1.8 even prints that it is
# "connected with" the server, from "0.0.0.0 port 0". The error goes to standard error alone.
#
# Expected: a status other than 0, as of iperf3 and nuttcp.
#
# Hurt: "iperf -c HOST && deploy", health checks and CI jobs: no server at all is a success. A parser
# that looks for "connected with" takes a refused connection for an established one.
#
# Source: none found. The manual page does not mention the exit status.
#
# Seen: as in the last lines of this file.

. "${0%/*}/common.sh"
deb bookworm iperf=2.1.8+dfsg-1
deb trixie iperf=2.2.1+dfsg-1 libc6 libstdc++6 libgcc-s1
namespaces

for suite in bookworm trixie; do
	status=0
	at "$a" "$work/$suite/run/iperf" -c 127.0.0.1 -t 1 >"$work/out" 2>"$work/err" || status=$?
	note "$("$work/$suite/run/iperf" -v 2>&1 | cut -d' ' -f1,3): status $status"
	note "stdout: $(grep '^\[' "$work/out" || echo nothing of the connection)"
	note "stderr: $(sed 's/) on .*/)/' "$work/err")"
done

same <<'END'
iperf 2.1.8: status 0
stdout: [  1] local 0.0.0.0 port 0 connected with 127.0.0.1 port 5001
stderr: tcp connect failed: Connection refused
iperf 2.2.1: status 0
stdout: nothing of the connection
stderr: [  1] tcp connect to 127.0.0.1 port 5001 failed (Connection refused)
END
