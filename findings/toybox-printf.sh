#!/usr/bin/env bash
# Software: printf of toybox 0.8.9 (Debian 12 and 13), compared with BusyBox 1.35.0 and coreutils 9.1.
#
# Behaviour: printf writes each literal character and each conversion with a system call of its own. A
# line of ten bytes with two conversions arrives in eight pieces. echo writes its line at once.
#
# Expected: one write for a short output. Writes of up to PIPE_BUF bytes to a pipe are not interleaved, so
# scripts print whole records with printf for several writers of one pipe, file or connection.
#
# Hurt: shells without a printf of their own (mksh, as on Android, and posh): a record of one process has
# another's output in its middle, and a reader that takes what one read returns gets "1" of "16".
# It shows only if two processes print at the same time.
#
# Source: none found. POSIX does not require one write.
#
# Seen: 8 writes by toybox, 1 each by BusyBox and coreutils.

. "${0%/*}/common.sh"
deb bookworm toybox=0.8.9+dfsg-1 busybox=1:1.35.0-4+deb12u1+b1 coreutils=9.1-1
mkdir "$work/writes"
cat >"$work/writes/main.go" <<'END'
// Runs a command with a pipe in packet mode (O_DIRECT), in which each read returns one write.
package main

import (
	"fmt"
	"os"
	"os/exec"
	"syscall"
)

func main() {
	var fd [2]int
	if err := syscall.Pipe2(fd[:], syscall.O_DIRECT|syscall.O_CLOEXEC); err != nil {
		panic(err)
	}
	r, w := os.NewFile(uintptr(fd[0]), "r"), os.NewFile(uintptr(fd[1]), "w")
	cmd := exec.Command(os.Args[1], os.Args[2:]...)
	cmd.Stdout, cmd.Stderr = w, os.Stderr
	if err := cmd.Start(); err != nil {
		panic(err)
	}
	w.Close()
	var writes []string
	buf := make([]byte, 4096)
	for {
		n, err := r.Read(buf)
		if err != nil {
			break
		}
		writes = append(writes, string(buf[:n]))
	}
	if err := cmd.Wait(); err != nil {
		panic(err)
	}
	fmt.Printf("%d writes: %q\n", len(writes), writes)
}
END
go build -o "$work/count" "$work/writes/main.go"

run=$work/bookworm/run
note "toybox printf, $("$work/count" "$run/toybox" printf 'a %s b %d\n' x 16)"
note "toybox echo, $("$work/count" "$run/toybox" echo a x b 16)"
note "busybox printf, $("$work/count" "$run/busybox" printf 'a %s b %d\n' x 16)"
note "coreutils printf, $("$work/count" "$run/printf" 'a %s b %d\n' x 16)"

same <<'END'
toybox printf, 8 writes: ["a" " " "x" " " "b" " " "16" "\n"]
toybox echo, 1 writes: ["a x b 16\n"]
busybox printf, 1 writes: ["a x b 16\n"]
coreutils printf, 1 writes: ["a x b 16\n"]
END
