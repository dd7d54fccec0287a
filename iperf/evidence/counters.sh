# groups prints the files of the control group's quota, of the group itself and of those above it,
# and keeps them in _files. A container may see a path that is not below its own mount, so files that
# are missing are left out.
groups() {
	_files= _base=/sys/fs/cgroup
	[ -r /proc/self/cgroup ] || return 0
	# "ip netns exec" mounts a new /sys, without control groups. The parent process still sees them.
	for _file in "$_base"/*; do
		[ -e "$_file" ] || _base=/proc/$PPID/root$_base
		break
	done
	while IFS=: read -r _id _name _group; do
		case $_id,$_name, in
		*,cpu,*)
			_dir=$_base/cpu
			[ -d "$_dir" ] || _dir=$_base/$_name
			;;
		0,,) _dir=$_base ;;
		*) continue ;;
		esac
		case $_group in *..* | *[\ \	*?[]*) _group= ;; esac
		while :; do
			_file=$_dir${_group%/}/cpu.stat
			if [ -r "$_file" ]; then
				_files="$_files $_file"
				echo "-- group ${_file#/proc/*/root}"
			fi
			case $_group in '' | /) break ;; esac
			_group=${_group%/*}
		done
		[ "$_files" ] && break
	done </proc/self/cgroup
}

# counters prints the counters, the most important ones first.
counters() {
	groups
	echo '-- counters'
	cat /proc/uptime /proc/net/dev /proc/net/snmp /proc/net/snmp6 /proc/net/netstat /proc/stat $_files
}

# queue DEVICE prints the queueing disciplines of a device. The PATH of an ordinary user lacks tc.
queue() {
	echo "-- qdisc $1"
	PATH=$PATH:/usr/sbin:/sbin tc -statistics qdisc show dev "$1"
}
