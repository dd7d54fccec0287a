#!/usr/bin/env bash
# Software: nstat of iproute2 6.1.0 (Debian 12), a Linux kernel.
#
# Behaviour: nstat prints what was counted since its last run by the same user, and keeps the last
# counters in one file for each user, whatever the network namespace. Called in one namespace after
# another it subtracts one namespace's counters from the other's, and prints traffic that never was.
#
# Expected: namespaces have counters of their own, so each call compares a namespace with itself.
#
# Hurt: tests and agents that run "ip netns exec NS nstat" for several namespaces or containers, and two
# scripts of one user, each of which takes the other's increments away. Without namespaces the sum
# of the two is right at least.
#
# Source: the manual page speaks of increments since the previous use, and mentions neither the file nor
# namespaces. The environment variable NSTAT_HISTORY, which is not in it, gives a caller its own file.
#
# Seen: 50 datagrams were sent in one namespace and 20 in the other. The calls printed 50 in the first,
# 0 in the second and then, with nothing sent, 30 new ones in the first. With a file of its own: 50, 0.

. "${0%/*}/common.sh"
deb bookworm iproute2=6.1.0-3
namespaces
export NSTAT_HISTORY=$work/history

count() { at "$1" "$work/bookworm/run/nstat" 2>/dev/null | awk '$1 == "UdpOutDatagrams" { n = $2 } END { print n + 0 }'; }
send() { at "$1" bash -c 'for ((i = 0; i < '"$2"'; i++)); do echo >/dev/udp/127.0.0.1/9; done' 2>/dev/null; }

# The default is one file for each user. It is put elsewhere here, so that this machine's stays as it is.
send "$a" 50
send "$b" 20
note "one file, first namespace: $(count "$a")"
note "one file, second namespace: $(count "$b")"
note "one file, first namespace again, nothing sent: $(count "$a")"
NSTAT_HISTORY=$work/own
note "own file, first namespace: $(count "$a")"
note "own file, first namespace again, nothing sent: $(count "$a")"

same <<'END'
one file, first namespace: 50
one file, second namespace: 0
one file, first namespace again, nothing sent: 30
own file, first namespace: 50
own file, first namespace again, nothing sent: 0
END
