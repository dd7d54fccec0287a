# This text runs on the host, under the user's sh, for as long as a session lasts: dash, BusyBox ash and bash run it.
# It reads requests from standard input, one line of shell each, and runs one command at a time. While a command runs it
# goes on reading, so that a request to end the command, or the end of standard input, is seen at once: the session ends,
# and the command with it, when the connection does or the program at its other end is killed.
#
# Lines before this text set two random words: mark begins our own lines in what is otherwise the command's output, and
# session begins the mark that each process has in its environment. The third, root, is what becomes root, if it is known.

# The shell tells of killed jobs on stderr, which is the command's: it is fd 4 here, and ours is nowhere.
exec 4>&2 2>/dev/null
nl='
'
job= watch=

# pause sleeps for a moment, a longer one when it has come to that before, and counts the hundredths of a second, with
# some for the work between two pauses. Grace is how many TERM is given.
grace=100
pause() {
	if [ "$count" -lt 20 ] && sleep 0.02; then
		count=$((count + 4))
	elif sleep 0.1; then
		count=$((count + 13))
	else # this sleep knows whole seconds only
		sleep 1
		count=$((count + 100))
	fi
}

# A command needs a process group of its own. Without setsid, job control makes one in shells that have it without a
# terminal. Elsewhere processes are found only by the mark in their environment.
apart=setsid
if ! command -v setsid >/dev/null; then
	apart=
	set -m
	sleep 1 & kill -0 "-$!" && apart=monitor
	kill $!
	wait $!
	set +m
fi

# born PID puts the time at which the process started into $born; nothing on a host without /proc.
born() {
	born=
	read -r born <"/proc/$1/stat" || return 0
	born=${born##*) }
	set -- $born
	born=${20}
}

# marked NAME=MARK puts the processes into $marked whose environment has that mark, or one that begins so: everything that
# a command started, whatever session or group it has put itself into.
marked() {
	marked=
	for file in $(grep $zeros -l -s -F "$1" /proc/[0-9]*/environ); do
		file=${file#/proc/}
		marked="$marked ${file%/environ}"
	done
}

# end NAME PROCESS... sends a signal, and wakes who has been stopped and would not act on it. It fails when nobody could be
# sent it.
end() {
	name=$1
	shift
	[ "$1" ] || return 0
	if kill "-$name" "$@"; then
		kill -CONT "$@"
	elif [ "$root" ]; then
		# Programs called kill read their arguments in different ways, a shell's own does not.
		$root sh -c 'kill "$@"' sh "-$name" "$@" 4>&-
	else
		kill -CONT "$@"
		return 1
	fi
}

# signal NAME ends the command's group with a signal or, before there is one, the process that is about to make it. For a
# moment that one has this one's traps, and would only note a TERM: it is given the time to make its group.
signal() {
	[ "$pid" ] || return 0
	if [ "$apart" = setsid ] && [ "$1" = TERM ]; then
		count=0
		until kill -0 "-$pid" || [ "$count" -ge 50 ]; do pause; done
	fi
	end "$1" "-$pid" || end "$1" "$pid"
	[ "$apart" ] || { marked "TUNA_RUN=$id"; end "$1" $marked; }
}

# members PGID puts the processes of a group, and of its session, into $left. Zombies are no longer among them: they may
# stay for long where process 1 does not care, and answer kill -0 as the living do. Processes that may not be sent
# signals are, though they do not answer.
members() {
	left=
	kill -0 "-$1" && left=-$1
	[ "$left" ] || [ "$ended" ] || return 0
	[ -r /proc/self/stat ] || return 0
	left=
	# A group keeps its number from being used anew. So where a process has that number now, the group was empty.
	[ -d "/proc/$1" ] && return
	if [ "$grep" ]; then
		for file in $(grep -l -s -E "\) [^XZ] [0-9]+ ($1 [0-9]+|[0-9]+ $1) " /proc/[0-9]*/stat); do
			file=${file#/proc/}
			left="$left ${file%/stat}"
		done
		return
	fi
	group=$1
	for file in /proc/[0-9]*/stat; do
		stat=
		read -r stat <"$file"
		set -- ${stat##*) }
		case $1 in
		X | Z | '') ;;
		*)
			file=${file#/proc/}
			[ "$3" = "$group" ] || [ "$4" = "$group" ] && left="$left ${file%/stat}"
			;;
		esac
	done
}

# clear PID ends what the command has left, when PID, its group's leader, is gone: the rest of the group and, if the
# command was ended before its time, every process with its mark. It fails when something cannot be ended.
clear() {
	count=0 last=
	while :; do
		left=
		[ "$apart" ] && members "$1"
		if [ "$ended" ] || [ -z "$apart" ]; then
			marked "TUNA_RUN=$id"
			left="$left $marked"
		fi
		[ "${left# }" ] || return 0
		[ "$count" -lt $((2 * grace)) ] || return 1
		if [ "$ended" = KILL ] || [ "$count" -ge "$grace" ]; then
			end KILL $left
		elif [ "$left" != "$last" ]; then
			end TERM $left
		fi
		last=$left
		pause
	done
}

# run NUMBER COMMAND runs a command to its end. It is a process of its own: the one that waits for the command, so that
# nobody else frees the number that it sends signals to.
run() {
	id=$session.$1. pid= gone= ended= status=
	trap tell EXIT
	trap 'cut=1 ended=TERM; signal TERM' TERM
	trap 'cut=1 ended=KILL; signal KILL' USR1
	case $apart in
	setsid) TUNA_RUN=$id setsid sh -c "$2" 2>&4 4>&- & ;;
	monitor) set -m; TUNA_RUN=$id sh -c "$2" 2>&4 4>&- & set +m ;;
	*) TUNA_RUN=$id sh -c "$2" 2>&4 4>&- & ;;
	esac
	pid=$!
	printf '%s+\n' "$mark"
	[ "$ended" ] && signal "$ended"
	# A trap cuts wait short, with a status of its own; and whoever waits again may hear that there is no such process.
	while cut=; wait "$pid"; got=$?; [ "$status" ] && [ "$got" = 127 ] || status=$got; [ "$cut" ]; do :; done
	gone=$pid pid=
	clear "$gone" || status=$status!
	gone=
	exit 0
}

# tell tells the command's exit status at the end of both of its streams, with a ! if something of it could not be ended.
# A shell that cannot make a process gives up, wherever it is, and comes here too. It can still send signals.
tell() {
	if [ "$pid" ]; then
		kill -KILL "-$pid" || kill -KILL "$pid"
		status=137!
	elif [ "$gone" ]; then
		[ -d "/proc/$gone" ] || kill -KILL "-$gone"
		status=$status!
	elif [ -z "$status" ]; then
		printf '%s\n' 'tuna: cannot start a process' >&4
		status=2
	fi
	told
	exit 0
}
told() {
	printf '%s%s\n' "$mark" "$status" >&4
	printf '%s%s\n' "$mark" "$status"
}

# guard decides what a signal does to this process. Before it starts another it leaves it to the default: a signal that
# reached the new one before it had forgotten its parent's traps would be lost.
guard() { trap "$1" HUP INT TERM; }

# The requests. start NUMBER COMMAND runs a command, term and kill9 end it.
start() {
	[ "$job" ] && wait "$job"
	guard -
	run "$1" "$2" </dev/null &
	job=$!
	guard finish
}
term() { if dead; then orphan; else kill -TERM "$job"; fi; }
kill9() { if dead; then orphan; else kill -USR1 "$job"; fi; }

# dead tells whether the process that waits for the command, run's, is no more, or a zombie, as the killed are that nobody
# has waited for. A shell such as bash frees the number as soon as it has ended: it may be somebody else's by now.
dead() {
	kill -0 "$job" || return 0
	stat=
	read -r stat <"/proc/$job/stat" || return 1
	case ${stat##*) } in # which holds the state, the parent and more
	[XZ]*) ;;
	?" $$ "*) return 1 ;;
	*) [ "$own" = $$ ] ;;
	esac
}

# orphan ends the command whose process, run's, somebody has killed.
orphan() {
	wait "$job"
	got=$? job=
	[ "$got" -gt 128 ] || return 0
	marked "TUNA_RUN=$session"
	end KILL $marked
	status=137
	told
}

# idle says that the command has ended: there is nothing to end with the session.
idle() {
	wait "$job"
	job=
}

# lease SECONDS ends the session if it hears nothing, not even another lease, for so long. A link that dies without a
# word closes nothing here. As it comes from time to time, it is also the time to look for a command that nobody waits for.
lease() {
	[ "$job" ] && dead && orphan
	[ "$watch" ] && kill "$watch"
	guard -
	watch "$1" </dev/null >/dev/null 4>&- &
	watch=$!
	guard finish
}

# watch SECONDS is a lease's process. It ends its sleep with itself.
watch() {
	cut= nap=
	trap 'cut=1' TERM
	TUNA_LEASE=$session sleep "$1" &
	nap=$!
	trap 'kill -KILL "$nap"; exit' TERM
	[ "$cut" ] && kill -KILL "$nap" && exit
	wait "$nap"
	was=$self
	born $$
	if [ "$born" = "$was" ]; then
		kill -TERM $$
	else # somebody has killed the supervisor
		marked "TUNA_RUN=$session"
		end KILL $marked
	fi
}

# sweep SESSION... ends what other supervisors have left that were lost: their commands, and the ends of their leases.
sweep() {
	all=
	for id; do
		all="$all${all:+$nl}TUNA_RUN=$id${nl}TUNA_LEASE=$id"
	done
	count=0
	while marked "$all"; [ "$marked" ] && [ "$count" -lt "$grace" ]; do
		end KILL $marked
		pause
	done
}

# finish ends the session. It may come as a trap while IFS is empty, which it is in bash as long as read goes on.
finish() {
	guard ''
	IFS=" $nl"
	trap - EXIT
	[ "$watch" ] && kill "$watch"
	if [ "$job" ]; then
		dead || kill -TERM "$job"
		count=0
		until dead || [ "$count" -ge "$grace" ]; do pause; done
		dead || kill -USR1 "$job"
		wait "$job"
		if [ $? -gt 128 ]; then # somebody has killed it
			marked "TUNA_RUN=$session"
			end KILL $marked
		fi
	fi
	exit
}

# A shell that was started with a signal ignored cannot have it otherwise, and would end nothing. A new one can.
heard=
trap 'heard=$heard.' TERM USR1
kill -TERM $$
kill -USR1 $$
trap - TERM USR1
if [ "$heard" != .. ]; then
	[ "$again" ] && exit
	exec env --default-signal sh -c "again=1$nl$t" 2>&4 4>&-
fi

guard finish
trap 'printf "%s\n" "tuna: cannot start a process" >&4; finish' EXIT # where a shell cannot make a process, it ends
born $$
self=$born own=
read -r own </proc/self/stat && own=${own%% *} # another number than $$ where this /proc is for other processes than ours
grep=$(command -v grep)
# The environment of a process is words with zero bytes between. A grep that does not take them for lines sees the first.
zeros=-z
echo | grep -q -z . || zeros=
trap finish EXIT
printf '%s=%s\n' "$mark" "$apart"
printf '%s=%s\n' "$mark" "$apart" >&4
# bash loses a \001 after half a character of UTF-8, unless it reads bytes.
while IFS= LC_ALL=C read -r request; do eval "$request"; done
finish
