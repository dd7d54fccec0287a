# shellcheck shell=bash
# Sourced by the scripts beside it. It makes a temporary folder, $work, and at the script's end it stops
# the processes that were started with start, deletes the namespaces and removes the folder.
#
# Network scripts need root. Packages come from the archive that this machine's apt is set up for, so
# run "apt-get update" once before.

set -euo pipefail

work=$(mktemp -d)
seen=$work/seen
pids=()
spaces=()

clean() {
	local i
	for i in "${pids[@]}"; do
		kill "$i" 2>/dev/null || true
		wait "$i" 2>/dev/null || true
	done
	for i in "${spaces[@]}"; do ip netns del "$i" || true; done
	chmod -R u+w "$work"
	rm -rf "$work"
}
trap clean EXIT

fail() {
	echo "${0##*/}: $*" >&2
	exit 1
}

# deb SUITE PACKAGE=VERSION... unpacks packages of a Debian suite and makes their programs callable as
# $work/SUITE/run/NAME. They use the libraries that were unpacked with them. If libc6 is one of the
# packages, they use its loader as well, so that a program of a newer suite runs on an older machine.
# The lists of a suite that is not the machine's own are fetched first, and kept if FINDINGS_LISTS names
# a folder.
deb() {
	local suite=$1 root=$work/$1 lists mirror file program name lib loader
	local apt=(apt-get -qq -o APT::Sandbox::User=root)
	shift
	mkdir -p "$root/run" "$root/deb"
	if ! apt-get indextargets --format '$(CODENAME)' 'Created-By: Packages' | grep -qx "$suite"; then
		mirror=$(apt-get indextargets --format '$(REPO_URI) $(RELEASE)' 'Origin: Debian' |
			awk '$2 !~ /security/ && !n++ { print $1 }')
		[ "$mirror" ] || fail "no Debian archive is known here: run apt-get update"
		lists=${FINDINGS_LISTS:-$root}/$suite.lists
		mkdir -p "$lists/partial" "$root/cache/archives/partial"
		echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror $suite main" >"$root/list"
		apt+=(-o "Dir::Etc::SourceList=$root/list" -o Dir::Etc::SourceParts=/dev/null
			-o "Dir::State::Lists=$lists" -o "Dir::Cache=$root/cache" -o Acquire::Languages=none)
		ls "$lists"/*Packages* >/dev/null 2>&1 || "${apt[@]}" update
	fi
	(cd "$root/deb" && "${apt[@]}" download "$@")
	for file in "$root"/deb/*.deb; do dpkg -x "$file" "$root"; done
	lib=$(echo "$root"/usr/lib/*-linux-gnu)
	loader=$(echo "$lib"/ld-linux*.so.*)
	for program in "$root"/{usr/bin,usr/sbin,bin,sbin}/*; do
		if [ -f "$program" ] && [ -x "$program" ]; then
			name=${program##*/}
			if [ -x "$loader" ]; then
				echo "exec '$loader' --library-path '$lib' '$program' \"\$@\""
			else
				echo "LD_LIBRARY_PATH='$lib' exec '$program' \"\$@\""
			fi | sed '1i #!/bin/sh' >"$root/run/$name"
			chmod +x "$root/run/$name"
		fi
	done
}

# module FOLDER MODULE@VERSION... builds the program of FOLDER as FOLDER/main.
module() {
	(
		cd "$1"
		export GOFLAGS=-mod=mod GOWORK=off
		go mod init findings
		go get "${@:2}"
		go build -o main .
	) >"$1/log" 2>&1 || { cat "$1/log" >&2 && fail "the Go program cannot be built"; }
}

# namespaces makes two network namespaces, $a (10.9.0.1, device a0) and $b (10.9.0.2, device b0), joined
# by a pair of veth devices.
namespaces() {
	a=f$$a b=f$$b
	ip netns add "$a" && spaces+=("$a")
	ip netns add "$b" && spaces+=("$b")
	ip link add a0 netns "$a" type veth peer name b0 netns "$b"
	ip -n "$a" addr add 10.9.0.1/24 dev a0
	ip -n "$b" addr add 10.9.0.2/24 dev b0
	local i
	for i in "$a lo" "$a a0" "$b lo" "$b b0"; do ip -n "${i% *}" link set "${i#* }" up; done
}

# at SPACE COMMAND... runs a command in a namespace.
at() { ip netns exec "$@"; }

# start NAME SPACE COMMAND... starts a command in a namespace. Its output goes to $work/NAME.
start() {
	ip netns exec "$2" "${@:3}" >"$work/$1" 2>&1 </dev/null &
	pids+=("$!")
}

# stop ends the process that was started last.
stop() {
	kill "${pids[-1]}" 2>/dev/null || true
	wait "${pids[-1]}" 2>/dev/null || true
	unset 'pids[-1]'
}

# listening SPACE tcp|udp PORT waits until a socket is bound to the port.
listening() {
	local i
	for i in {1..100}; do
		if at "$1" cat "/proc/net/$2" "/proc/net/${2}6" |
			grep "^ *[0-9]*: [0-9A-F]*:$(printf %04X "$3") [0-9A-F]*:0000 0[A7]" >/dev/null; then # -q would end cat, and fail
			return
		fi
		sleep 0.1
	done
	fail "nothing listens on $2 port $3"
}

# note prints a line and keeps it for same. A line of one run's numbers is printed with echo alone.
note() { echo "$*" | tee -a "$seen"; }

# same compares the noted lines with what is written in the script, on standard input.
same() {
	if ! diff -u --label written --label seen - "$seen"; then
		fail "the behaviour is no longer as written"
	fi
	echo "${0##*/}: as written"
}
