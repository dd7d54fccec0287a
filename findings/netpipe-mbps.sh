#!/usr/bin/env bash
# Software: NetPIPE 3.7.2 (Debian 12, the program NPtcp of netpipe-tcp).
#
# Behaviour: its "Mbps" are units of 1,048,576 bits per second. Sizes are in bytes and times in
# microseconds, both decimal, so the rate contradicts the size and time in its own line by 4.9 %.
#
# Expected: a megabit is 1,000,000 bits in networking, as in iperf and nuttcp.
#
# Hurt: comparisons with other tools and with a link's rate. A gigabit link that NetPIPE finds to carry
# 897 "Mbps" carries 941. The 44 that are missing look like overhead of the driver or the switch.
#
# Source: none in the documentation. The columns of np.out have no unit.
#
# Seen: 1000000 bytes in 240.71 microseconds were 31695.41 "Mbps". They are 33235 Mbit/s.

. "${0%/*}/common.sh"
deb bookworm netpipe-tcp=3.7.2-8+b1
namespaces

# Blocks of 1, 1.5 and 2 MB, 200 times each.
options=(-l 1000000 -u 2000000 -n 200 -p 0)
start receiver "$b" "$work/bookworm/run/NPtcp" "${options[@]}" -o /dev/null
listening "$b" tcp 5002
at "$a" "$work/bookworm/run/NPtcp" -h 10.9.0.2 "${options[@]}" -o "$work/np.out" >"$work/out" 2>&1

grep -- '-->' "$work/out"
grep -- '-->' "$work/out" | sed 's/.*: *\([0-9]*\) bytes.*--> *\([0-9.]*\) Mbps in *\([0-9.]*\) usec/\1 \2 \3/' |
	awk '{ printf "%d bytes: 1 Mbps = %.4f Mbit/s\n", $1, $1 * 8 / $3 / $2 }' >"$work/ratios"
while IFS= read -r line; do note "$line"; done <"$work/ratios"

same <<'END'
1000000 bytes: 1 Mbps = 1.0486 Mbit/s
1500000 bytes: 1 Mbps = 1.0486 Mbit/s
2000000 bytes: 1 Mbps = 1.0486 Mbit/s
END
