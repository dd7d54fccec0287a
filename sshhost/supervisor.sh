# This text runs on the host, under the user's sh, for as long as a session lasts: dash, BusyBox ash, bash, mksh and others.
# It reads requests from standard input, one line of shell each, and runs one command at a time. While a command runs it
# goes on reading, so that a request to end the command, or the end of standard input, is seen at once: the session ends,
# and the command with it, when the connection does or the program at its other end is killed.
#
# Lines before this text set _mark, a random word that begins our own lines in what is otherwise the command's output;
# _session, which begins the mark that each process of a command has in its environment, SESSION/NUMBER/ and, if it is known,
# the command's process and another slash; _root, the command line that becomes root, if it
# is known; and _lease, in seconds. $1 is the options that the shell was started with. A variable of the login's environment
# stays exported when it is assigned to. So each name that begins with _ gets a random end before it is sent, and is in no
# environment. The text is one compound command, so that half of it is a syntax error.
{
# The shell reports killed jobs on stderr, which is the command's: it is fd 4 here, and ours is nowhere.
exec 4>&2 2>/dev/null
_nl='
'
case $IFS in " "?"$_nl") ;; *) _split=$IFS IFS=" $_nl" ;; esac # posh takes it from the environment
_ifs=$IFS _job= _run= _watch= _limit= _late= _leased= _own=

# What the environment has changed in this shell, and is different only in the command's: functions, variables and options of
# bash, the time limit of bash and ksh for read (TMOUT, which the loader has put into _m), a PATH without sleep.
_functions=0 _variables= _shopts= _sets= _options= _path=
case $BASH_VERSION in
?*)
	unset -f declare
	for _x in $(declare -F); do
		case $_x in declare | -f*) continue ;; esac
		_functions=$((_functions + 1))
		eval "_function$_functions=\$(set +o posix; declare -f -- \"\$_x\")" # POSIX has no [ ()
		unset -f "$_x"
	done
	for _x in FUNCNEST GLOBIGNORE EXECIGNORE BASH_COMPAT; do
		eval "_n=\$$_x"
		[ "$_n" ] && eval "_variable$_x=\$_n" && unset "$_x" && _variables="$_variables $_x"
	done
	for _x in failglob nullglob nocaseglob nocasematch dotglob extglob xpg_echo execfail; do
		case :$BASHOPTS: in *:"$_x":*) shopt -u "$_x" && _shopts="$_shopts $_x" ;; esac
	done
	for _x in history pipefail; do
		case :$SHELLOPTS: in *:"$_x":*) set +o "$_x" && _sets="$_sets -o $_x" ;; esac
	done
	;;
esac
for _x in a b C e E f H k m t T u v x; do
	case $1$- in *$_x*) _options=$_options$_x && set "+$_x" ;; esac
done
command -v sleep >/dev/null || _path=$PATH PATH=$PATH:/usr/bin:/bin

# Before the negative number of a process group comes "--" if this kill knows it. That of procps 4.0.2, which posh runs,
# reads -1234 as -1 otherwise, and signals every process. The builtin of dash and the kill of BusyBox refuse "--".
_dd=
kill -0 -- $$ && _dd=--

# In BusyBox 1.38 no read of a process returns once it has run a trap: it loops without a system call. So each trap sets _noread
# if this may be that shell: dash has no [[, and others have typeset. take has cat read then. Variables such as KSH_VERSION
# may be the environment's.
_noread= _ash= _yash=
command -v '[[' >/dev/null && ! command -v typeset >/dev/null && command -v cat >/dev/null && _ash=1
[ "$YASH_VERSION" ] && (set -o posixlycorrect) && _yash=1 # as sh it lacks what other shells lack, such as array

# pause sleeps for a moment, a longer one if it was called often, and adds the hundredths of a second to _count, with some
# for the work between two pauses. Grace is the time that TERM is given.
_grace=100 _count=0
pause() {
	if [ "$_count" -lt 20 ] && sleep 0.02; then
		_count=$((_count + 4))
	elif sleep 0.1; then
		_count=$((_count + 13))
	else # this sleep knows whole seconds only
		sleep 1
		_count=$((_count + 100))
	fi
}

# say WORD prints a line of ours. It is one write: echo is built in everywhere, and printf is a program for mksh and posh, of
# which toybox's writes a line in pieces. A command may have left a full pipe behind that does not block. If the pipe
# has no reader, PIPE would kill the shell, so every process that calls say has a trap for it.
say() {
	_tries=0
	until echo "$_mark$1;" || [ "$_tries" -ge 20 ]; do
		_tries=$((_tries + 1))
		sleep 0.1
	done
}

# take FILE reads a file of a few lines into $_line. It fails if there is none.
take() {
	_line=
	if [ "$_noread" ]; then
		_line=$(cat "$1")
	else
		while read -r _x; do _line=$_line$_x$_nl; done <"$1"
	fi
	[ "$_line" ]
}

# stat PROCESS reads the state of a process from /proc. A program's name may contain a newline.
stat() {
	_born=
	take "/proc/$1/stat" || return 1
	set -- ${_line##*\) }
	_state=$1 _parent=$2 _group=$3 _sid=$4 _threads=${18} _born=${20} _size=${21} _ignored=${31} _env=${49}
}

# alive reports whether the supervisor itself runs, or is stopped.
alive() {
	[ "$_since" ] || { kill -0 $$; return; }
	stat $$ && [ "$_born" = "$_since" ] && [ "$_state" != Z ]
}

# wake continues our own processes, any of which may have been stopped: a stopped one does not act on a signal.
wake() { kill -CONT $_dd ${_ours:-$$ $_job $_watch $_limit}; }

# environ FILE reads an environment from /proc into $_line, without its zero bytes or with others in their place. Every byte
# costs a system call.
environ() {
	_line=
	if [ "$_yash$_noread" ]; then # yash reads a line up to its first zero byte
		_line=$(cat -v "$1")
	else
		while LC_ALL=C read -r _x || [ "$_x" ]; do _line=$_line$_x; done <"$1"
	fi
}

# marked WORDS PROCESS... puts those of the processes into $_marked whose environment contains one of the words: everything that
# a command has started, whatever session or group it has moved to. all stands for all processes.
marked() {
	_words=$1 _marked=
	shift
	[ "$1" ] || return 0
	if [ "$1" = all ]; then
		set -- /proc/[0-9]*/environ
	else
		_files=
		for _p; do _files="$_files /proc/$_p/environ"; done
		set -- $_files
	fi
	# The environment is words with zero bytes between. A grep that does not take them for lines sees the first, and
	# gets -s twice.
	[ -z "$_grep" ] || [ "$_zeros" ] || { echo | grep -q -z . && _zeros=-z || _zeros=-s; }
	[ "$_grep" ] && set -- $(GREP_OPTIONS= LC_ALL=C grep $_zeros -l -s -F "$_words" "$@")
	for _file; do
		if [ -z "$_grep" ]; then
			environ "$_file"
			_found=
			for _x in $_words; do
				case $_line in *"$_x"*) _found=1 ;; esac
			done
			[ "$_found" ] || continue
		fi
		_file=${_file#/proc/}
		_marked="$_marked ${_file%/environ}"
	done
}

# sweep WORDS kills the processes that are marked. It fails if some live on.
sweep() {
	_count=0
	while marked "$1" all; [ "$_marked" ] && [ "$_count" -lt "$_grace" ]; do
		send KILL $_marked
		pause
	done
	[ -z "$_marked" ]
}

# running puts the beginnings of the marks of the session's running commands into $_runs. A process of such a command is in the
# command's own session or group, or in ours. What a command has left that ended by itself is in none of them.
running() {
	marked "TUNA_RUN=$_session/" all
	_runs=
	for _p in $_marked; do
		environ "/proc/$_p/environ"
		_line=${_line#*"TUNA_RUN=$_session/"}
		_n=${_line%%/*} _line=${_line#*/}
		_leader=${_line%%/*}
		stat "$_p" || continue
		case $_leader in
		"$_group" | "$_sid") ;;
		*) [ "$_group" = "$_mine" ] || continue ;;
		esac
		_runs="$_runs${_runs:+$_nl}TUNA_RUN=$_session/$_n/"
	done
}

# send NAME PROCESS... sends a signal, and continues processes that are stopped. It fails if one could not be sent it.
send() {
	_name=$1
	shift
	[ "$1" ] || return 0
	kill "-$_name" $_dd "$@"
	_x=$?
	kill -CONT $_dd "$@"
	if [ "$_x" != 0 ] && [ "$_root" ]; then
		# The builtin of root's shell reads its arguments as ours does. If kill is a program, root's PATH may have another.
		$_root sh -c 'n=$1 d=
			shift
			kill -0 -- $$ 2>/dev/null && d=--
			kill "$n" $d "$@"
			x=$?
			kill -CONT $d "$@"
			exit "$x"' sh "-$_name" "$@" </dev/null 4>&-
		return
	fi
	return "$_x"
}

# young PROCESS puts the processes into $_young that were started since PROCESS was, which ran until now; with a second
# argument, that was a moment ago. Linux gives out numbers in turn: if PROCESS has the last one, nothing was started. Without a
# /proc of our own processes it fails.
young() {
	_young= _last=
	[ "$_own" = $$ ] || return 1
	[ "$_numbers" ] && take /proc/loadavg && _last=${_line%"$_nl"} _last=${_last##* }
	[ "$_last" != "$1" ] || return 0
	stat self
	[ "$_noread" ] && stat "$_parent" # self was cat
	_self=${_line%% *} _began=${_born%??}
	take /proc/uptime
	_x=${_line%%.*}
	if [ "$_last" ] && [ "$_last" -gt "$1" ] && { [ "$2" ] || [ $((_x - _began)) -lt "$_numbers" ]; }; then
		_n=$1
		if [ $((_last - _n)) -le 300 ]; then
			while [ "$_n" -lt "$_last" ]; do
				_n=$((_n + 1))
				[ -d "/proc/$_n" ] && _young="$_young $_n"
			done
			return 0
		fi
		for _file in /proc/[0-9]*; do
			_file=${_file#/proc/}
			[ "$_file" -gt "$_n" ] && [ "$_file" -le "$_last" ] && _young="$_young $_file"
		done
		return 0
	fi
	for _file in /proc/[0-9]*; do # the numbers may have started again from 1
		stat "${_file#/proc/}" && [ "${_born%??}" -ge "$_began" ] && _young="$_young ${_file#/proc/}"
	done
	return 0
}

# matching PATTERN PROCESS... puts those of the processes into $_matched whose line of /proc/PROCESS/stat matches an extended
# regular expression. If there are many, this is faster than reading each line.
matching() {
	_x=$1 _files= _matched=
	shift
	for _p; do _files="$_files /proc/$_p/stat"; done
	for _file in $(grep -l -s -E "$_x" $_files); do
		_file=${_file#/proc/}
		_matched="$_matched ${_file%/stat}"
	done
}

# descendants removes from $_young the processes that cannot come from a command that has ended, before which they did not
# run. One that does has lost its parent, or an ancestor has.
descendants() {
	[ "$_reaper" ] && [ "$_young" != all ] || return 0
	set -- $_young
	_young=
	if [ "$_grep" ] && [ $# -gt 10 ]; then
		_parents=$_reaper
		while [ "$_parents" ]; do
			matching "\) [^XZ] ($_parents) " "$@"
			_parents=
			for _p in $_matched; do
				case "$_young " in *" $_p "*) continue ;; esac
				_young="$_young $_p"
				_parents=$_parents${_parents:+\|}$_p
			done
		done
		return 0
	fi
	for _p; do
		stat "$_p" || continue
		case " $_reaper $* " in *" $_parent "*) _young="$_young $_p" ;; esac
	done
	return 0
}

# prints PROCESS reports whether a process has one of the command's streams open. If it fails, _unknown is set unless all files
# of the process could be seen.
prints() {
	_unknown=
	[ "$1" != $$ ] && [ "$1" != "$_self" ] && [ -d "/proc/$1" ] || return 1
	[ "$_compares" ] && [ -r "/proc/$1/fd" ] || _unknown=1
	[ -z "$_unknown" ] || return 1
	for _file in "/proc/$1/fd/"*; do
		if [ "$_file" -ef /proc/self/fd/1 ] || [ "$_file" -ef /proc/self/fd/4 ]; then
			# The server's end of a pipe is the same file, but it is open for reading.
			take "/proc/$1/fdinfo/${_file##*/}"
			_line=${_line#*flags:}
			case ${_line%%"$_nl"*} in
			*[04]) ;;
			*[0-9])
				stat "$1" && [ "$_parent" = $$ ] && return 1 # a lease's, which has a copy of its old stdin in some shells
				return 0
				;;
			*) _unknown=1 ;;
			esac
		elif [ ! -L "$_file" ]; then # it has no files, or its first thread has ended, and others have them
			stat "$1" && [ "$_size" = 0 ] && [ "$_threads" -gt 1 ] && return 0
		elif [ ! -e "$_file" ]; then
			_unknown=1
		fi
	done
	return 1
}

# holds PROCESS reports whether a process may print into one of the command's streams. If its files cannot be seen, it belongs
# to another user. If it is the command's, its ancestors are too, up to one that has lost its parent.
holds() {
	prints "$1" && return 0
	[ "$_unknown" ] || return 1
	stat "$1" || { [ -d "/proc/$1" ]; return; } # or it has ended in the meantime
	[ "$_size" != 0 ] || [ "$_threads" -gt 1 ] || return 1 # a zombie, or of the kernel
	while [ "${_born%??}" -ge "$_began" ]; do
		_n=$_parent
		stat "$_n" || return 0
	done
	[ "$_n" = "$_reaper" ] || [ -z "$_reaper" ]
}

# held PROCESS reports whether some process may still print into the streams of the command, which was PROCESS. It goes on from
# the last look. One that is seen only once may have been between fork and exec. If there is none among those that are
# young, only younger ones can be one, whose parent has ended in the meantime: a daemon does not fork that often.
held() {
	[ "$_numbers" ] && [ "$_young" != all ] || return 0
	_rounds=0 _was=
	while [ "$_rounds" -lt 5 ]; do
		_holder=
		for _p in $_young; do
			holds "$_p" && _holder=$_p && break
		done
		if [ "$_holder" ]; then
			[ "$_was" ] && return 0
			sleep 0.02 || sleep 1
			young "$1" || return 0
		else
			[ "$_rounds" -gt 0 ] && [ -z "$_was" ] && return 1
			young "$_last" 1 || return 0
		fi
		descendants
		_was=$_holder _rounds=$((_rounds + 1))
	done
	[ "$_holder" ]
}

# signal NAME ends the command's group with a signal or, before there is one, the process that is about to make it. For a
# moment that one has this one's traps, and would only note a TERM: it is given the time to make its group.
signal() {
	[ "$_pid" ] || return 0
	if [ "$_apart" = setsid ] && [ "$1" = TERM ]; then
		_count=0
		until kill -0 $_dd "-$_pid" || { stat "$_pid" && [ "$_group" = "$_pid" ]; } || [ "$_count" -ge 50 ]; do pause; done
	fi
	send "$1" "-$_pid" || send "$1" "$_pid"
	[ "$_apart" ] && return
	young "$_pid" || _young=all
	marked "TUNA_RUN=$_id" $_young
	send "$1" $_marked
}

# members PROCESS adds to $_left those of the processes in $_young that belong to the group or the session of PROCESS. Zombies
# are not among them: they may stay for long if process 1 does not wait for them.
members() {
	_leader=$1
	set -- $_young
	if [ "$_grep" ] && [ $# -gt 10 ]; then
		matching "\) [^XZ] [0-9]+ ($_leader [0-9]+|[0-9]+ $_leader) " "$@"
		_left=$_left$_matched
		return
	fi
	for _p; do
		stat "$_p" && [ "$_state" != Z ] && { [ "$_group" = "$_leader" ] || [ "$_sid" = "$_leader" ]; } &&
			_left="$_left $_p"
	done
}

# remove PROCESS kills the group and the session of PROCESS, a command whose end was not waited for. It fails if some of it
# lives on, or PROCESS is unknown and it may.
remove() {
	[ "$1" ] || [ -z "$_root" ] || return 1
	[ "$1" ] || return 0
	_count=0
	while [ "$_count" -lt "$_grace" ]; do
		_young= _left=
		for _file in /proc/[0-9]*; do _young="$_young ${_file#/proc/}"; done
		if [ "$_own" = $$ ]; then members "$1"; else kill -0 $_dd "-$1" && _left=-$1; fi
		[ "$_left" ] || return 0
		send KILL $_left
		pause
	done
	return 1
}

# look PROCESS puts into $_left what the command, which was PROCESS, has left: the rest of its group and its session or, if
# it was ended before its time, also every process that has its mark or holds its streams.
look() {
	_left=
	if young "$1"; then
		descendants
		[ "$_apart" ] && members "$1"
		[ "$_young" ] || [ "$_ended" ] || return 0
	else
		_young=all
		[ "$_apart" ] && kill -0 $_dd "-$1" && _left=-$1
	fi
	if [ "$_ended" ] || [ -z "$_apart" ]; then
		marked "TUNA_RUN=$_id" $_young
		_left="$_left $_marked"
	fi
	_left=${_left# }
	if [ "$_ended" ] && [ -z "$_left" ] && [ "$_young" != all ]; then
		for _p in $_young; do
			prints "$_p" && _left="$_left $_p"
		done
	fi
	return 0
}

# moving reports whether look may have missed a process: one that was in exec, when it shows no environment, or one that was
# started in the meantime. Whether a process was in exec a moment ago is not seen, so the first look is not enough if there
# are any.
moving() {
	[ "$_last" ] || return 1
	_x=
	for _p in $_young; do
		[ -r "/proc/$_p/environ" ] && stat "$_p" && [ "$_size" != 0 ] || continue
		_x=1
		[ "$_env" = 0 ] && { sleep 0.02 || sleep 1; } && return 0
	done
	[ "$_x" ] && [ "$_looks" = 0 ] && return 0
	young "$_last" 1 && descendants && [ "$_young" ]
}

# rest PROCESS does what look does. If processes are found by their marks, it looks again while one is moving.
rest() {
	_looks=0
	while look "$1"; [ -z "$_left" ] && [ "$_looks" -lt 5 ] && { [ "$_ended" ] || [ -z "$_apart" ]; } && moving; do
		_looks=$((_looks + 1))
	done
	return 0
}

# clear PROCESS ends the rest of the command, which was PROCESS. It fails if something cannot be ended.
clear() {
	_count=0 _tried=
	while rest "$1"; [ "$_left" ]; do
		[ "$_ended" = KILL ] && [ "$_count" -lt "$_grace" ] && _count=$_grace
		[ "$_count" -lt $((2 * _grace)) ] || return 1
		if [ "$_count" -ge "$_grace" ]; then
			send KILL $_left
		elif [ "$_left" != "$_tried" ]; then
			send TERM $_left
		fi
		_tried=$_left
		pause
	done
}

# become PROGRAM... executes a program in the environment that the login has.
become() {
	[ "${_m:-0}" = 0 ] || export TMOUT="$_m" # mksh and ksh93 always have one, of 0
	[ "$_functions" = 0 ] || ! command -v env >/dev/null || set -- env "$@"
	while [ "$1" = env ] && [ "$_functions" -gt 0 ]; do
		eval "_x=\$_function$_functions"
		shift
		set -- env "BASH_FUNC_${_x%% *}%%=() {${_x#*\{}" "$@"
		_functions=$((_functions - 1))
	done
	for _x in $_variables; do eval "export $_x=\"\$_variable$_x\""; done
	[ "$_shopts" ] && shopt -s $_shopts
	[ "$_sets" ] && set $_sets
	[ "$_options" ] && set "-$_options"
	[ "${_split+x}" ] && IFS=$_split exec "$@" 2>&4 4>&- # posh makes one word of "$@" if IFS is empty
	exec "$@" 2>&4 4>&-
}

# begin PROGRAM... becomes the command.
begin() {
	_x=
	[ "$_own" = $$ ] && [ -z "$_noread" ] && read -r _x _line </proc/self/stat
	export TUNA_RUN="$_id${_x:+$_x/}"
	[ "$_path" ] && PATH=$_path
	become "$@"
}

# run COMMAND [NAME ARGUMENT...] runs a command to its end. It is a process of its own: the one that waits for the command,
# so that no other one frees the number that it sends signals to.
run() {
	exec </dev/null
	_id=$_run _pid= _gone= _ended= _status=
	trap tell EXIT
	trap '_noread=$_ash _tries=20' PIPE
	trap '_noread=$_ash _cut=1 _ended=TERM; signal TERM' TERM
	trap '_noread=$_ash _cut=1 _ended=KILL; signal KILL' USR1
	case $_apart in
	setsid) begin setsid sh -c "$@" & ;;
	monitor) set -m; begin sh -c "$@" & set +m ;;
	*) begin sh -c "$@" & ;;
	esac
	_pid=$!
	say "$_number+$_pid"
	[ "$_ended" ] && signal "$_ended"
	# A trap cuts wait short, with a status of its own, and a second wait may find no such process.
	# In bash 5.2 the status may be -1 instead, and the next wait has the process's.
	while
		_cut=
		wait "$_pid"
		_got=$?
		[ "$_got" = -1 ] && { [ "$_status" ] || _cut=1; _got=127; }
		[ "$_status" ] && [ "$_got" = 127 ] || _status=$_got
		[ "$_cut" ]
	do :; done
	_gone=$_pid _pid=
	clear "$_gone" || _status=$_status!
	held "$_gone" && _status=$_status~
	_gone=
	exit 0
}

# tell reports the command's exit status at the end of both of its streams, with ! if something of it could not be ended, and
# ~ if something may still print into the streams. A shell that cannot make a process exits, wherever it is, and calls this
# too. It can still send signals, but zsh would write twice what a trap interrupts.
tell() {
	trap '' TERM USR1
	if [ "$_pid" ]; then
		kill -KILL $_dd "-$_pid" || kill -KILL "$_pid"
		_status=137!~
	elif [ "$_gone" ]; then
		[ -d "/proc/$_gone" ] || kill -KILL $_dd "-$_gone"
		_status=${_status%!}!~
	elif [ -z "$_status" ]; then
		echo 'tuna: cannot start a process' >&4
		_status=2
	fi
	told
	exit 0
}
told() {
	say "$_number:$_status" >&4
	say "$_number:$_status"
}

# caught is finish for a trap.
caught() {
	_noread=$_ash
	finish
}

# guard decides what a signal does to this process. Before it starts another it leaves it to the default: a signal that
# reached the new one before it had forgotten its parent's traps would be lost.
guard() { trap "$1" HUP INT PIPE TERM; }

# The requests. start NUMBER COMMAND [NAME ARGUMENT...] runs a command; term PROCESS and kill9 PROCESS end it, of which
# PROCESS is the first, and last PROCESS does if run's process does not answer.
start() {
	[ "$_job" ] && wait "$_job"
	_number=$1 _run=$_session/$1/
	shift
	guard -
	run "$@" &
	_job=$!
	guard caught
}
term() { if dead "$_job"; then orphan "$1"; else kill -TERM "$_job"; wake; fi; }
kill9() { if dead "$_job"; then orphan "$1"; else kill -USR1 "$_job"; wake; fi; }
last() {
	dead "$_job" || kill -KILL "$_job"
	orphan "$1"
}

# check PROCESS ends the command, of which PROCESS is the first, if run's process was killed.
check() {
	[ "$_job" ] && dead "$_job" && orphan "$1"
}

# dead PROCESS reports whether a child of ours has ended: it is no more, or a zombie that was not waited for. A shell such as
# bash frees the number as soon as it has ended: it may be another process's by now.
dead() {
	stat "$1" || { kill -0 "$1" && return 1; return 0; }
	case $_state in [XZ]) return 0 ;; esac
	[ "$_parent" = $$ ] && return 1
	[ "$_own" = $$ ]
}

# orphan PROCESS ends the command whose process, run's, was killed. PROCESS may be unknown; behind sudo there are no marks.
orphan() {
	[ "$_job" ] || return 0
	wait "$_job"
	_got=$? _job=
	[ "$_got" -gt 128 ] || return 0
	_status=137
	sweep "TUNA_RUN=$_run" && remove "$1" || _status=137!
	_status=$_status~
	told
}

# idle says that the command has ended: there is nothing to end with the session.
idle() {
	wait "$_job"
	_job=
}

# lease SECONDS ends the session if it hears nothing, not even another lease, for so long; 0: it never does. A link that dies
# without a word closes nothing here. Two processes watch, because one of them may have been stopped. The same lease again has
# them start their time again.
lease() {
	check
	unwatch $_late
	if [ "$_leased" = "$1" ]; then
		for _w in $_watch; do dead "$_w" && _leased= && break; done
		[ "$_leased" ] && kill -USR1 $_watch && kill -CONT $_watch && return
	fi
	unwatch $_late $_watch
	_watch= _leased=$1
	[ "$1" -gt 0 ] || return 0
	unguard
	for _x in 1 2; do
		watch "$1" &
		_watch="$_watch $!"
	done
	reguard
}

# limit SECONDS ends the session after that time, whatever it hears; 0: it does not.
limit() {
	unwatch $_late $_limit
	_limit=
	[ "$1" -gt 0 ] || return 0
	unguard
	watch "$1" &
	_limit=$!
	reguard
}

# unguard ignores signals while a watcher is started, until reguard: one that ended this process now would leave the watcher
# behind, for as long as its lease. The end of standard input is seen after it, and others are sent again.
unguard() {
	case $KSH_VERSION in
	Version*) guard - ;; # ksh93: its children could not trap what it ignores
	*)
		guard ''
		trap '' USR1 # until the new process has its own trap
		;;
	esac
}
reguard() {
	trap - USR1
	guard caught
}

# unwatch PROCESS... sends TERM to processes of leases, and puts those that had not ended before into $_late. A shell that gets
# TERM just before it waits may act on it only after that, unless it gets another one.
unwatch() {
	_late=
	for _w; do dead "$_w" || _late="$_late $_w"; done
	[ "$_late" ] || return 0
	kill -TERM $_late
	kill -CONT $_late
}

# watch SECONDS is the process of a lease or a limit. It ends its sleep with itself. It is the last resort: it kills what
# does not end.
watch() {
	exec </dev/null >/dev/null 4>&- # a redirection of the call would keep copies of the streams
	_cut= _kept=
	trap '_noread=$_ash _kept=1; kill -KILL "$_nap"' USR1
	while _nap=; do
		trap '_noread=$_ash _cut=1' TERM # until the new sleep is known
		TUNA_LEASE=$_session sleep "$1" &
		_nap=$! _kept=
		trap 'kill -KILL "$_nap"; exit' TERM
		[ "$_cut" ] && kill -KILL "$_nap" && exit
		wait "$_nap"
		_x=$?
		[ "$_x" = 0 ] || kill -KILL "$_nap" # in bash, an earlier signal may have cut wait short
		{ [ "$_x" -gt 128 ] || [ "$_kept" ]; } && alive || break # unless the sleep was killed, it is over
	done
	trap '' TERM USR1
	running # now, because a command of which only the rest is left is taken for one that ended by itself
	_rest=$_runs
	alive && kill -TERM $$
	wake
	_count=0
	while alive && [ "$_count" -lt $((3 * _grace)) ]; do pause; done
	alive && kill -KILL $$
	[ "$_rest" ] && sweep "$_rest"
	running
	[ "$_runs" ] && sweep "$_runs"
	[ "$_ours" ] && kill -KILL $_dd "$_ours"
	exit
}

# lost SESSION/NUMBER/... kills what other supervisors have left that were lost: the command of that number, which they ran
# then, and the ends of their leases. Earlier commands have ended, and what they have left lives on.
lost() {
	_all=
	for _x; do
		_all="$_all${_all:+$_nl}TUNA_RUN=$_x${_nl}TUNA_LEASE=${_x%%/*}"
	done
	sweep "$_all"
}

# rescue PROCESS BORN continues another supervisor, which does not answer, and its processes; with SESSION/NUMBER/ COMMAND it kills
# them and what they run, which is COMMAND; NUMBER is 0 if that is nothing. _rescued is the exit status of that.
rescue() {
	_name=CONT _rescued=0
	[ "$3" ] && _name=KILL
	stat "$1"
	if [ "$_born" = "$2" ] || [ -z "$2" ]; then
		kill "-$_name" $_dd "-$1" || kill "-$_name" "$1"
	fi
	[ -z "$3" ] || { lost "$3" && case $3 in */0/) ;; *) remove "$4" ;; esac; } || _rescued=1
}

# finish ends the session. It may come as a trap while IFS is empty, which it is in bash as long as read goes on. Requests
# are not read any more: it tells the number of the last command, after which none has begun, unless nobody may read what
# that printed. Unlike say it does not try again, as there may be no reader any more.
finish() {
	guard ''
	IFS=$_ifs _killed=
	trap - EXIT
	if [ "$_job" ]; then
		_count=0
		dead "$_job" || kill -TERM "$_job"
		wake
		until dead "$_job" || [ "$_count" -ge "$_grace" ]; do pause; done
		dead "$_job" || kill -USR1 "$_job"
		wake
		until dead "$_job" || [ "$_count" -ge $((4 * _grace)) ]; do pause; done
		dead "$_job" || kill -KILL "$_job"
		wait "$_job"
		[ $? -gt 128 ] && _killed=1 && sweep "TUNA_RUN=$_run"
	fi
	[ "$_killed" ] || { echo "$_mark-$_number;" >&4; echo "$_mark-$_number;"; }
	unwatch $_late $_limit $_watch
	_count=0
	while [ "$_late" ] && [ "$_since" ] && [ "$_count" -lt "$_grace" ]; do
		if [ "$_count" -lt 10 ]; then _count=$((_count + 1)); else pause; fi # most have ended before a pause would
		unwatch $_late
	done
	[ "$_late" ] && [ "$_since" ] && kill -KILL $_late && sweep "TUNA_LEASE=$_session"
	exit 0
}

# Our processes are in one group, unless the login shell could not exec this one. The time at which this one was started is
# empty without /proc.
_ours= _since= _deaf= _mine=
kill -0 $_dd "-$$" && _ours=-$$
stat $$ && _since=$_born _deaf=$_ignored _mine=$_group
_number=0
guard caught
trap 'echo "tuna: cannot start a process" >&4; finish' EXIT # a shell that cannot make a process exits
_grep= _zeros=
command -v grep >/dev/null && _grep=1
lease "$_lease"

# A shell that was started with a signal ignored cannot have it otherwise, and would end nothing. A new one can. Linux tells
# which ones are, TERM and USR1 are bits 14 and 9. Elsewhere a child tries: signals to itself make BusyBox 1.38 spin later.
case $_deaf in
'' | *[!0-9]*) _x=$(sh -c 'h=; trap "h=\$h." TERM USR1; kill -TERM $$; kill -USR1 $$; echo "$h"' 4>&-) ;;
*) [ $((_deaf & 16896)) = 0 ] && _x=.. || _x= ;;
esac
if [ "$_x" != .. ]; then
	trap - EXIT
	[ "$_watch" ] && kill -KILL $_watch && sweep "TUNA_LEASE=$_session"
	[ "$_again" ] && echo 'tuna: cannot start a process, or sh does not run traps' >&4 && exit
	become env --default-signal sh -c "set -- \"\$-\"
		set +aeuvx
		_again=1 _t=1 _m=\${TMOUT-} TMOUT=0
		unset TMOUT
		$_t"
fi

# A command needs a process group of its own. Without setsid, job control makes one in shells that have it without a
# terminal. Elsewhere processes are found only by the mark in their environment.
_apart=setsid
if ! command -v setsid >/dev/null; then
	_apart=
	(set -m; sleep 1 & kill -0 $_dd "-$!"; _x=$?; kill "$!"; exit "$_x") && _apart=monitor
fi

# yash cannot hold a byte that is no character. Others read bytes: bash loses a \001 after half a character of UTF-8.
_chars=any _locale=C
if [ "$_yash" ]; then
	_chars=ascii _locale=$LC_ALL
	_x=$(printf '\303\251.')
	[ "${#_x}" = 2 ] && _chars=utf8
fi
say "=${_apart:-none} $_chars $$ $_since"
say "=${_apart:-none} $_chars $$ $_since" >&4

# _numbers is for how many seconds the numbers of processes are not given out twice, at 4096 a second. It is empty if /proc
# does not show our processes, or not those of others, or shows an old state. _reaper becomes the parent of a process that
# has lost its own. Files below /proc/sys can be read only at once, which a shell does not do. _compares is empty if this
# shell cannot compare files.
_numbers= _reaper= _compares= _own=
read -r _own _line </proc/self/stat
if [ "$_own" = $$ ] && [ -r /proc/1/stat ] && read -r _x _x _x _x _last </proc/loadavg; then
	_x=${_watch##* }
	if [ "$_last" -ge "${_x:-$$}" ]; then
		_x=$(sh -c '{
			while read -r s </proc/self/stat; s=${s##*\) ? } s=${s%% *}; [ "$s" = $$ ]; do :; done
			echo "$s"
			exec cat /proc/sys/kernel/pid_max
		} &' 4>&-)
		_reaper=${_x%%"$_nl"*} _x=${_x##*"$_nl"}
		_numbers=$((${_x:-32768} / 4096))
	fi
fi
[ / -ef /. ] && _compares=1
trap finish EXIT
while IFS= LC_ALL=$_locale read -r _request; do eval "$_request"; done
finish
}
