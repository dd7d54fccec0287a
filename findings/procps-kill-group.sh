#!/usr/bin/env bash
# Software: kill of procps 4.0.2 (Debian 12), compared with procps 4.0.4 (Debian 13), BusyBox 1.35.0 and toybox 0.8.9.
#
# Behaviour: after an option for the signal, procps 4.0.2 takes -4999999 for process group 4: the first digit
# is the group. If that is 1, the signal goes to every process that may be signalled. There is no message, and
# the exit status is 0 if the call fails for a group that does not exist, as it is in 4.0.4. After "--" both
# are right.
#
# Expected: the group that is named, and exit status 1 if there is none, as with BusyBox, toybox and all shells'
# builtins.
#
# Hurt: programs and scripts that end a process group by running kill, from posh, which has no builtin, with
# env, sudo or xargs, or from other languages. The group lives on, or all the user's processes end; as root,
# all of the machine's.
#
# Source: kill(1) of procps 4.0.2, DESCRIPTION: "Negative PID values may be used to choose whole process groups".
#
# Seen: the system calls below, with signal 0, which ends nothing.

. "${0%/*}/common.sh"
deb bookworm procps=2:4.0.2-3 libproc2-0=2:4.0.2-3 busybox=1:1.35.0-4+deb12u1+b1 toybox=0.8.9+dfsg-1 strace=6.1-0.1
deb trixie procps=2:4.0.4-9 libproc2-0=2:4.0.4-9 libc6

# calls COMMAND... prints the kill calls of a command.
calls() {
	"$work/bookworm/run/strace" -qq -f -e trace=kill -e signal=none -o "$work/trace" "$@" 2>/dev/null && status=0 || status=$?
	grep -o 'kill([^)]*)' "$work/trace"
}

for group in 4999999 1999999; do
	note "procps 4.0.2, -0 -$group: $(calls "$work/bookworm/run/kill" -0 -$group)"
	note "procps 4.0.2, -0 -- -$group: $(calls "$work/bookworm/run/kill" -0 -- -$group)"
	note "procps 4.0.4, -0 -$group: $(calls "$work/trixie/run/kill" -0 -$group)"
	note "busybox, -0 -$group: $(calls "$work/bookworm/run/busybox" kill -0 -$group)"
	note "toybox, -0 -$group: $(calls "$work/bookworm/run/toybox" kill -0 -$group)"
done
calls "$work/bookworm/run/kill" -0 -4999999 >"$seen.call"
note "exit status of procps 4.0.2 if there is no such group: $status"
calls "$work/trixie/run/kill" -0 -4999999 >"$seen.call"
note "exit status of procps 4.0.4 if there is no such group: $status"

same <<'END'
procps 4.0.2, -0 -4999999: kill(-4, 0)
procps 4.0.2, -0 -- -4999999: kill(-4999999, 0)
procps 4.0.4, -0 -4999999: kill(-4999999, 0)
busybox, -0 -4999999: kill(-4999999, 0)
toybox, -0 -4999999: kill(-4999999, 0)
procps 4.0.2, -0 -1999999: kill(-1, 0)
procps 4.0.2, -0 -- -1999999: kill(-1999999, 0)
procps 4.0.4, -0 -1999999: kill(-1999999, 0)
busybox, -0 -1999999: kill(-1999999, 0)
toybox, -0 -1999999: kill(-1999999, 0)
exit status of procps 4.0.2 if there is no such group: 0
exit status of procps 4.0.4 if there is no such group: 0
END
