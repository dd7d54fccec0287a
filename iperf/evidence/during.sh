# PORT, HEX (the port as /proc shows it), UDP (1 or empty), DEVICE, EVERY and WHOLE (seconds between
# two samples, and the same rounded up), HALF (of EVERY, in 1/100 s), STEP (the samples that WHOLE
# is worth), COUNT and LIMIT (seconds) come from the caller.
LC_ALL=C
export LC_ALL
unset IFS
PATH=$PATH:/usr/sbin:/sbin
_n=COUNT _udp=UDP _dev=DEVICE _link=LINK _hex=':HEX ' _whole= _pids= _tasks= _o=-tinmOH _p=p
_ss= _tc= _grep=
command -v ss >/dev/null && _ss=1
[ "$_dev" ] && command -v tc >/dev/null && _tc=1
command -v grep >/dev/null && _grep=1

# now reads the time since the start of the kernel.
now() {
	_now=
	read -r _now _v </proc/uptime
}

# sockets prints the sockets of TCP. Versions of ss differ in the options that they know.
sockets() {
	_v=$(ss "$_o$_p" '( sport = :PORT or dport = :PORT )') && return
	case $_o in
	-tinmOH) _o=-tinmH ;;
	-tinmH) _o=-tinm ;;
	*) return ;;
	esac
	sockets
}

# owners TEXT adds the processes that ss shows in it.
owners() {
	set -f
	IFS=', '
	for _x in $1; do
		case $_x in
		pid= | pid=*[!0-9]*) continue ;;
		pid=*) _x=${_x#pid=} ;;
		*) continue ;;
		esac
		case " $_pids " in *" $_x "*) ;; *) _pids="$_pids $_x" ;; esac
	done
	unset IFS
	set +f
}

# programs looks for the processes by their name, where there is no ss. Two of them may be of two
# tests.
programs() {
	_pids=
	for _x in /proc/[0-9]*; do
		[ -r "$_x/comm" ] && read -r _v <"$_x/comm" || continue
		case $_v in iperf*) _pids="$_pids ${_x#/proc/}" ;; esac
	done
	case ${_pids# } in *' '*) _pids= ;; esac
}

# look prints one sample.
look() {
	for _x in $_pids; do
		[ -d "/proc/$_x" ] || _pids=
	done
	[ "$_pids" ] && _p= || _p=p
	if [ -z "$_ss" ]; then
		programs
	elif [ -z "$_udp" ]; then
		sockets
		echo '-- sockets'
		echo "$_v"
		[ "$_p" ] && owners "$_v"
	elif [ "$_p" ]; then
		owners "$(ss -uanp '( sport = :PORT or dport = :PORT )')"
	fi
	_tasks=
	for _x in $_pids; do _tasks="$_tasks /proc/$_x/task/*/schedstat"; done
	echo '-- counters'
	if [ "$_grep" ]; then
		grep -e '^cpu[0-9]' -e '^nr_' -e '^throttled' -e '^[0-9]* [0-9]* [0-9]*$' -e "$_hex" -e "^ *$_link:" \
			/dev/null ${_link:+/proc/net/dev} /proc/stat $_files ${_udp:+/proc/net/udp /proc/net/udp6} $_tasks
	else
		cat /proc/stat
	fi
	[ "$_tc" ] && queue "$_dev"
}

groups
now
_end=${_now%%.*}
_end=$((${_end:-0} + LIMIT))
while now; _x=${_now%%.*}; [ "${_x:-0}" -le "$_end" ]; do
	echo "-- sample $_now"
	look
	_n=$((_n - 1))
	[ "$_n" -gt 0 ] || break
	if [ -z "$_whole" ]; then
		# A sleep that does not know fractions fails, or returns too early.
		now
		_x=${_now%.*}${_now#*.}
		sleep EVERY || _whole=1
		now
		[ -z "$_x" ] || [ $((${_now%.*}${_now#*.} - _x)) -ge HALF ] || _whole=1
	fi
	if [ "$_whole" ]; then
		sleep WHOLE || break
		_n=$((_n + 1 - STEP))
	fi
done
