#!/usr/bin/env bash
# Software: fping 5.1 (Debian 12 and 13).
#
# Behaviour: with -c a reply counts only if it comes within the period of -p, unless -t is given. On a
# path of 200 ms "fping -c 20 -p 12" reports 100 % loss though every reply arrives.
#
# Expected: the period is how often to send, which has no bearing on how late a reply may be.
#
# Hurt: monitoring that samples quickly to find short outages: a path gets "lossy" at the moment when
# its delay exceeds the period, so a full queue or a detour is reported as loss.
#
# Source: in brackets in the help text of -t, whose default is 500 ms otherwise. schweikert/fping#120.
#
# Seen: 20/0/100% without -t, 20/20/0% with -t 2000.

. "${0%/*}/common.sh"
deb bookworm fping=5.1-1
namespaces

# A queue that is never empty makes the delay: a packet of 1442 bytes lasts 11.5 ms at 1 Mbit/s, and
# 40 datagrams are ahead of the first ping.
at "$a" tc qdisc add dev a0 root tbf rate 1mbit burst 1600 limit 200k
fill() { at "$a" bash -c 'for i in {1..40}; do printf %01400d 0 >/dev/udp/10.9.0.2/9; done'; }
ping() { at "$a" "$work/bookworm/run/fping" -q -c 20 -p 12 -b 1400 "$@" 10.9.0.2 2>&1 || true; }
empty() { until at "$a" tc -s qdisc show dev a0 | grep -q 'backlog 0b'; do sleep 0.1; done; }

at "$a" "$work/bookworm/run/fping" -q -c 1 10.9.0.2 2>/dev/null # address resolution
for options in "" "-t 2000"; do
	empty
	fill
	# shellcheck disable=SC2086
	ping $options >"$work/out"
	cat "$work/out"
	note "-c 20 -p 12 $options: $(sed 's|.*loss = \([0-9/]*%\).*|\1|' "$work/out")"
done

same <<'END'
-c 20 -p 12 : 20/0/100%
-c 20 -p 12 -t 2000: 20/20/0%
END
