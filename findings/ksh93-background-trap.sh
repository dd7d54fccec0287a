#!/usr/bin/env bash
# Software: ksh93u+m 1.0.4 (Debian 12), compared with dash 0.5.12, bash 5.2.15, mksh 59c and yash 2.52.
#
# Behaviour: if a ksh93 script ignores a signal with trap '', a function or list that it starts with & cannot
# trap that signal. Its own trap command succeeds and its handler never runs. In ( ) it does run.
#
# Expected: the handler runs, as in the other shells. POSIX forbids to trap a signal again that was ignored
# when the shell itself was started, which this one was not: "trap '' USR1; job & trap - USR1" is how a
# script keeps a job alive until the job's own handler is set.
#
# Hurt: scripts with jobs that are told by a signal to reload, rotate or renew something. On ksh93, which
# is sh on Solaris 11, the signal is lost without a word.
#
# Source: POSIX.1-2024, trap, and 2.13, Shell Execution Environment. ksh93's manual has no word on it.
#
# Seen: "( ) caught, & caught" from all but ksh93, which printed "( ) caught, & lost".

. "${0%/*}/common.sh"
deb bookworm ksh93u+m=1.0.4-3 dash=0.5.12-2 bash=5.2.15-2+b13 mksh=59c-28+deb12u1 yash=2.52-2

cat >"$work/script" <<'END'
cd "$1"
trap '' USR1
(
	trap 'echo caught >list' USR1
	kill -USR1 "$(exec sh -c 'echo "$PPID"')"
	:
)
job() {
	trap 'echo caught >job' USR1
	: >ready
	while [ ! -e over ]; do sleep 0.02; done
	: >ended
}
job &
until [ -e ready ]; do sleep 0.02; done
kill -USR1 "$!"
: >over
until [ -e ended ]; do sleep 0.02; done
END

for shell in dash bash mksh yash ksh93; do
	mkdir "$work/$shell"
	echo lost | tee "$work/$shell/list" >"$work/$shell/job"
	"$work/bookworm/run/$shell" "$work/script" "$work/$shell"
	note "$shell: ( ) $(cat "$work/$shell/list"), & $(cat "$work/$shell/job")"
done

same <<'END'
dash: ( ) caught, & caught
bash: ( ) caught, & caught
mksh: ( ) caught, & caught
yash: ( ) caught, & caught
ksh93: ( ) caught, & lost
END
