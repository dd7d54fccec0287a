# What follows runs in the host's sh, which may be dash, BusyBox ash or bash. It says where programs may be put and run:
# the first of some directories of ours that is, or can be made, that lets its files be executed and has room. It is
# given the names hash, name, length and skip, the directories that an upload failed in, before this text.
umask 077
uid=$(id -u 2>/dev/null || echo 0)
why=
for dir in "$XDG_CACHE_HOME" "${HOME:+$HOME/.cache}" "$HOME" "$XDG_RUNTIME_DIR" "/run/user/$uid" /var/tmp /tmp /dev/shm /var/run /opt /data/local/tmp; do
	case $dir in /*) ;; *) continue ;; esac
	case $skip in *"|$dir|"*) why="$why $dir:upload"; continue ;; esac
	[ "$dir" != "$HOME/.cache" ] || mkdir "$dir" 2>/dev/null
	[ -d "$dir" ] || continue
	own=$dir/tuna-$uid
	mkdir "$own" 2>/dev/null
	# A directory that someone else has made in /tmp is not ours to trust.
	if ! { [ -d "$own" ] && [ ! -h "$own" ] && [ -O "$own" ] && [ -w "$own" ]; }; then
		why="$why $dir:unwritable"
		continue
	fi
	chmod 700 "$own" 2>/dev/null
	probe=$own/probe$$
	if ! { printf '#!/bin/sh\nexit 0\n' >"$probe"; } 2>/dev/null; then
		rm -f "$probe"
		why="$why $dir:full" # of bytes, or of inodes
		continue
	fi
	chmod 700 "$probe" && "$probe" 2>/dev/null
	status=$?
	rm -f "$probe"
	if [ "$status" != 0 ]; then
		why="$why $dir:noexec"
		continue
	fi
	file=$own/$name
	sum=
	if [ -f "$file" ]; then
		sum=$(sha256sum "$file" 2>/dev/null || shasum -a 256 "$file" 2>/dev/null || sha256 -q "$file" 2>/dev/null) || sum=
		sum=${sum%% *}
		size=$(wc -c <"$file")
	fi
	# Without a program that makes hashes, the size and the name, which has the hash in it, must do.
	if [ -f "$file" ] && [ -x "$file" ] && { [ "$sum" = "$hash" ] || { [ -z "$sum" ] && [ "$((size))" = "$length" ]; }; }; then
		echo "have $file"
		exit 0
	fi
	# Where df does not tell, there is room until the upload says otherwise.
	set -- $(df -Pk "$own" 2>/dev/null | tail -n 1)
	if [ "${4:-0}" -lt "$((length / 1024 + 1))" ] 2>/dev/null && [ $# -ge 6 ]; then
		why="$why $dir:full"
		continue
	fi
	echo "want $file"
	exit 0
done
echo "none$why"
