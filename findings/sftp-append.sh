#!/usr/bin/env bash
# Software: github.com/pkg/sftp v1.13.10, compared with OpenSSH's sftp-server 9.2 (Debian 12).
#
# Behaviour: a file that a client of pkg/sftp opened with O_APPEND is written from its start if the server
# is pkg/sftp's own: the server drops the flag, and the client sends offset 0. The old content is lost, no
# call returns an error. With OpenSSH's server the data is appended.
#
# Expected: the protocol says that this flag makes all writes append, and both ends are one module.
#
# Hurt: logs and result files on servers that are built with pkg/sftp (they exist as products), and the
# reverse: tests with pkg/sftp's server in memory and OpenSSH in production do not test the same.
#
# Source: pkg/sftp#295 has the reason: Go's os.File has no WriteAt for files that were opened to append.
# A comment at the server's code says that the flag is ignored. The client's OpenFile does not mention it.
#
# Seen: "second\nine\n" where OpenSSH made "first line\nsecond\n".

. "${0%/*}/common.sh"
deb bookworm openssh-sftp-server
mkdir "$work/go"
cat >"$work/go/main.go" <<'END'
package main

import (
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/pkg/sftp"
)

func main() {
	a, b := net.Pipe()
	server, err := sftp.NewServer(a)
	check(err)
	go server.Serve()
	try("pkg/sftp", b, b)

	openssh := exec.Command(os.Args[1])
	in, err := openssh.StdinPipe()
	check(err)
	out, err := openssh.StdoutPipe()
	check(err)
	check(openssh.Start())
	try("OpenSSH", out, in)
	check(openssh.Wait())
}

func try(name string, r io.Reader, w io.WriteCloser) {
	client, err := sftp.NewClientPipe(r, w)
	check(err)
	file := filepath.Join(os.Args[2], "log")
	check(os.WriteFile(file, []byte("first line\n"), 0o600))
	f, err := client.OpenFile(file, os.O_WRONLY|os.O_APPEND)
	check(err)
	_, err = io.WriteString(f, "second\n")
	check(err)
	check(f.Close())
	content, err := os.ReadFile(file)
	check(err)
	fmt.Printf("%s: %q\n", name, content)
	client.Close()
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}
END
module "$work/go" github.com/pkg/sftp@v1.13.10
while IFS= read -r line; do note "$line"; done < <("$work/go/main" "$work/bookworm/usr/lib/openssh/sftp-server" "$work")

same <<'END'
pkg/sftp: "second\nine\n"
OpenSSH: "first line\nsecond\n"
END
