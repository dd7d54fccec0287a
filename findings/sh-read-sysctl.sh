#!/usr/bin/env bash
# Software: dash 0.5.12, BusyBox 1.35.0, mksh 59c and zsh 5.9 (Debian 12) on Linux; bash 5.2.15, yash 2.52 and ksh93u+m 1.0.4
# beside them.
#
# Behaviour: "read -r x </proc/sys/net/core/rmem_max" sets x to the first digit of the number, whatever its exit status. The
# shell reads a byte at a time, and the kernel answers only the first read of a file with numbers: every read at another
# offset is the end of the file. So 4194304 becomes 4, and of three numbers one digit is left. A file of /sys or a file with
# text, such as /proc/sys/kernel/ostype, is read whole.
#
# Expected: the line, as cat prints it, and as the other three shells read it, which take more bytes at once.
#
# Hurt: scripts that ask routers and containers for buffer limits without a process for each. A 4 is a number too, so nothing
# fails.
#
# Source: none found for the shells. In Linux it is kernel/sysctl.c: proc_dointvec has no bytes for a read at another offset
# than 0.
#
# Seen: as in the last lines of this file.

. "${0%/*}/common.sh"
deb bookworm dash=0.5.12-2 busybox=1:1.35.0-4+deb12u1+b1 mksh=59c-28+deb12u1 zsh=5.9-4+b15 bash=5.2.15-2+b13 yash=2.52-2 ksh93u+m=1.0.4-3
run=$work/bookworm/run
namespaces
at "$a" sysctl -q -w 'net.ipv4.tcp_rmem=4096 131072 6291456'

for shell in dash busybox mksh zsh bash yash ksh93; do
	sh=("$run/$shell")
	[ "$shell" = busybox ] && sh+=(sh)
	for file in /proc/sys/net/ipv4/tcp_rmem /proc/sys/kernel/ostype /sys/class/net/a0/mtu; do
		x=$(at "$a" "${sh[@]}" -c 'read -r x <"$1"; echo $x' sh "$file")
		note "$shell: ${file##*/} is $x"
	done
done

same <<'END'
dash: tcp_rmem is 4
dash: ostype is Linux
dash: mtu is 1500
busybox: tcp_rmem is 4
busybox: ostype is Linux
busybox: mtu is 1500
mksh: tcp_rmem is 4
mksh: ostype is Linux
mksh: mtu is 1500
zsh: tcp_rmem is 4
zsh: ostype is Linux
zsh: mtu is 1500
bash: tcp_rmem is 4096 131072 6291456
bash: ostype is Linux
bash: mtu is 1500
yash: tcp_rmem is 4096 131072 6291456
yash: ostype is Linux
yash: mtu is 1500
ksh93: tcp_rmem is 4096 131072 6291456
ksh93: ostype is Linux
ksh93: mtu is 1500
END
