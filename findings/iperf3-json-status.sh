#!/usr/bin/env bash
# Software: iperf3 3.12 (Debian 12), compared with 3.18 (Debian 13).
#
# Behaviour: with -J a client that cannot connect exits with status 0. The reason is only in the
# document's "error". Without -J the status is 1.
#
# Expected: the form of the output does not change the exit status.
#
# Hurt: scripts and CI jobs that write "iperf3 -c HOST -J >result.json && ..." or rely on set -e. They
# go on with a document that has no result.
#
# Source: esnet/iperf#1405: since 3.11, reproduced by the maintainers with 3.12.
#
# Seen: status 0 and "unable to connect to server: Connection refused" in the document.

. "${0%/*}/common.sh"
deb bookworm iperf3=3.12-1+deb12u2 libiperf0=3.12-1+deb12u2
deb trixie iperf3=3.18-2+deb13u2 libiperf0=3.18-2+deb13u2 libc6 libssl3t64 libsctp1 libzstd1 zlib1g
namespaces

for suite in bookworm trixie; do
	iperf=$work/$suite/run/iperf3
	status=0
	at "$a" "$iperf" -c 127.0.0.1 >/dev/null 2>&1 || status=$?
	note "$("$iperf" -v | head -1 | cut -d' ' -f1,2), text: status $status"
	status=0
	at "$a" "$iperf" -c 127.0.0.1 -J >"$work/json" || status=$?
	note "$(jq -r '.start.version' "$work/json"), JSON: status $status, $(jq -r '.error | split(": ")[-1]' "$work/json")"
done

same <<'END'
iperf 3.12, text: status 1
iperf 3.12, JSON: status 0, Connection refused
iperf 3.18, text: status 1
iperf 3.18, JSON: status 1, Connection refused
END
