#!/usr/bin/env bash
# Software: mawk 1.3.4 20200120 (Debian 12, its default awk), BusyBox 1.35.0 (Debian 12) and 1.37.0
# (Debian 13), compared with mawk 1.3.4 20250131 (Debian 13).
#
# Behaviour: integers end at 2^31. printf "%d" of 5123456789 is 2147483647 in mawk and -2147483648 in
# BusyBox. print of a sum is "5.12346e+09" in mawk, with six digits left, and right in BusyBox.
# Debian 13's mawk prints all digits.
#
# Expected: awk's numbers are doubles, exact to 2^53. The newer mawk and gawk print them so.
#
# Hurt: scripts that compute with byte counters of /proc/net/dev or with bit/s. They work until an
# interface has passed 2 GiB or the link is faster than 2.1 Gbit/s, so tests at 1 Gbit/s do not show it.
# In mawk the difference of two printed counters is a multiple of 10,000.
#
# Source: mawk -W version prints "maximum-integer 2147483647". BusyBox's bug 15041.
#
# Seen: as in the last lines of this file.

. "${0%/*}/common.sh"
deb bookworm mawk=1.3.4.20200120-3.1 busybox=1:1.35.0-4+deb12u1+b1
deb trixie mawk=1.3.4.20250131-1 busybox=1:1.37.0-6+b9 libc6

for i in "bookworm mawk" "trixie mawk" "bookworm busybox awk" "trixie busybox awk"; do
	# shellcheck disable=SC2086
	set -- $i
	printed=$(echo 5123456788 | "$work/$1/run/$2" ${3:+"$3"} '{ printf "%d ", $1 + 1; print $1 + 1 }')
	note "$i: $printed"
done

same <<'END'
bookworm mawk: 2147483647 5.12346e+09
trixie mawk: 5123456789 5123456789
bookworm busybox awk: -2147483648 5123456789
trixie busybox awk: -2147483648 5123456789
END
