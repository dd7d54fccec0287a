# PEER is the other end's address or name, and PAUSE the time in seconds between the route and the rest.
LC_ALL=C
export LC_ALL
unset IFS
PATH=$PATH:/usr/sbin:/sbin
# The address of a name, as the resolver orders them.
_a=PEER _zone= _dev= _todo= _done= _count=0
case $_a in
*:*) ;;
*[!0-9.]*)
	_name=$_a
	_a=$(getent ahosts "$_name")
	_a=${_a%%[!0-9a-fA-F.:%]*}
	if [ -z "$_a" ] && [ -r /etc/hosts ]; then
		while read -r _x _v; do
			case $_x in *[!0-9a-fA-F.:]*) continue ;; esac
			for _y in $_v; do
				[ "$_y" = "$_name" ] && _a=$_x && break
			done
			[ "$_a" ] && break
		done </etc/hosts
	fi
	;;
esac
case $_a in
*%*)
	_zone=${_a#*%}
	_a=${_a%%\%*}
	;;
esac
case $_zone in
'' | *[!0-9]*) ;;
*)
	for _x in /sys/class/net/*; do
		read -r _v <"$_x/ifindex" && [ "$_v" = "$_zone" ] && _zone=${_x##*/} && break
	done
	;;
esac
echo "-- peer $_a $_zone"

# word NAME TEXT sets _word to the word that follows NAME in the text.
word() {
	set -f
	_x= _word=
	for _y in $2; do
		[ "$_x" = "$1" ] && _word=$_y && break
		_x=$_y
	done
	set +f
}

_r=
if [ "$_a" ]; then
	_r=$(ip -o route get "$_a" ${_zone:+dev "$_zone"})
	if [ "$_r" ]; then
		echo '-- route'
		echo "${_r%%\\*}"
		word dev "$_r"
		_dev=$_word
	elif [ -r /proc/net/route ]; then
		for _x in route fib_trie ipv6_route if_inet6; do
			[ -r "/proc/net/$_x" ] || continue
			echo "-- table $_x"
			cat "/proc/net/$_x"
		done
		_dev=$_zone
	else
		echo '-- route'
		case $_a in
		*:*) route -n get -inet6 "$_a${_zone:+%$_zone}" ;;
		*) route -n get "$_a" ;;
		esac
	fi
fi

echo '-- routed'
[ PAUSE = 0 ] || sleep PAUSE

echo '-- system'
# A shell that reads a byte at a time gets only the first one of a number there.
grep . /dev/null /proc/sys/kernel/random/boot_id /proc/sys/net/ipv4/tcp_congestion_control \
	/proc/sys/net/ipv4/tcp_rmem /proc/sys/net/ipv4/tcp_wmem /proc/sys/net/core/rmem_max /proc/sys/net/core/wmem_max
readlink /proc/self/ns/net

# The device of the route and those beneath it, or all of them if the shell does not know which one
# it is.
_todo=$_dev
if [ -z "$_dev" ] && [ "$_a" ]; then
	for _x in /sys/class/net/*; do _todo="$_todo ${_x##*/}"; done
fi
_todo="$_todo "
while [ "$_todo" ]; do
	_d=${_todo%% *}
	_todo=${_todo#* }
	[ "$_d" ] || continue
	case " $_done " in *" $_d "*) continue ;; esac
	[ "$_count" -lt 64 ] || break
	_done="$_done $_d" _count=$((_count + 1)) _kernel= _sys=/sys/class/net/$_d
	[ -d "$_sys" ] || _sys=
	# Programs are started for the first devices only: a bridge may have a port for each of a
	# hundred containers.
	[ "$_count" -le 6 ] && [ "$_dev$_sys" ] && _kernel=$(ip -o -d link show dev "$_d" || ip -o link show dev "$_d")
	if [ "$_kernel" ] && [ "$_sys" ]; then
		# A process that was moved into a namespace may still see the devices of another one in
		# /sys.
		read -r _x <"$_sys/ifindex"
		read -r _v <"$_sys/address"
		case $_v in *:*) ;; *) _v= ;; esac
		case $_kernel in
		"$_x: "*link/ether" $_v "* | "$_x: "*link/loopback*) ;;
		*link/ether* | *link/loopback*) _sys= ;;
		"$_x: "*) ;;
		*) _sys= ;;
		esac
	fi
	echo "-- link $_d"
	[ "$_sys" ] && {
		for _x in type mtu speed duplex tun_flags; do
			[ -r "$_sys/$_x" ] && read -r _v <"$_sys/$_x" && echo "$_x $_v"
		done
		for _x in device phy80211 wireless; do
			[ -d "$_sys/$_x" ] && echo "has $_x"
		done
		for _x in "$_sys/uevent" "$_sys/device/uevent"; do
			[ -r "$_x" ] || continue
			while read -r _v; do
				case $_v in DEVTYPE=* | DRIVER=*) echo "${_x#"$_sys/"} $_v" ;; esac
			done <"$_x"
		done
		_v=
		[ -r "$_sys/bonding/slaves" ] && read -r _v <"$_sys/bonding/slaves"
		for _x in "$_sys"/lower_* "$_sys"/brif/* $_v; do
			case $_x in
			*/lower_\* | */brif/\*) continue ;;
			*/lower_*) _x=${_x##*/lower_} ;;
			esac
			_x=${_x##*/}
			echo "lower $_x"
			_todo="$_todo$_x "
		done
	}
	if [ "$_kernel" ]; then
		case $_kernel in
		*' remote '*)
			word remote "$_kernel"
			word dev "$(ip -o route get "$_word")"
			if [ "$_word" ]; then
				echo "lower $_word"
				_todo="$_todo$_word "
			fi
			;;
		esac
		echo "-- details $_d"
		echo "$_kernel"
	fi
	[ "$_count" -le 6 ] || continue
	[ "$_dev" ] || [ -d "$_sys/device" ] || continue
	queue "$_d"
	echo "-- offloads $_d"
	ethtool -k "$_d"
	case $_kernel in *link/loopback*) continue ;; esac
	[ "$_sys" ] && [ -r "$_sys/device/uevent" ] || {
		echo "-- driver $_d"
		ethtool -i "$_d"
	}
	[ -d "$_sys/phy80211" ] || [ -d "$_sys/wireless" ] || continue
	echo "-- iw $_d"
	_v=$(iw dev "$_d" link)
	echo "$_v"
	case $_v in Not*) iw dev "$_d" info ;; esac
	echo '-- signal'
	if [ -r /proc/net/wireless ]; then
		while read -r _v; do echo "$_v"; done </proc/net/wireless
	fi
done
