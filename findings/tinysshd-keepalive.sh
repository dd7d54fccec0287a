#!/usr/bin/env bash
# Software: tinysshd 20230101 (Debian 12), golang.org/x/crypto v0.48.0.
#
# Behaviour: a keepalive, Client.SendRequest("keepalive@openssh.com", true, nil), ends the connection and all
# of its sessions. tinysshd answers with SSH_MSG_UNIMPLEMENTED, which package ssh takes for a protocol
# error. A command that runs is reported with ExitMissingError.
#
# Expected: any answer shows that the server is alive. OpenSSH's client counts it as one. RFC 4254 wants
# SSH_MSG_REQUEST_FAILURE here.
#
# Hurt: Go programs with a keepalive, which is meant to keep connections: every command on such a host that
# is longer than the interval fails, shorter ones succeed.
#
# Source: janmojzis/tinyssh#86: fixed in tinysshd 20260906. Package ssh does not document it.
#
# Seen: "ssh: unexpected message type 3 (expected 0)".

. "${0%/*}/common.sh"
deb bookworm tinysshd=20230101-1
mkdir "$work/go" "$work/home"
cat >"$work/go/main.go" <<'END'
package main

import (
	"crypto/ed25519"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"

	"golang.org/x/crypto/ssh"
)

func main() {
	program, keys, home, user := os.Args[1], os.Args[2], os.Args[3], os.Args[4]
	_, key, err := ed25519.GenerateKey(nil)
	check(err)
	signer, err := ssh.NewSignerFromKey(key)
	check(err)
	check(os.MkdirAll(filepath.Join(home, ".ssh"), 0o700))
	authorized := filepath.Join(home, ".ssh", "authorized_keys")
	check(os.WriteFile(authorized, ssh.MarshalAuthorizedKey(signer.PublicKey()), 0o600))

	for _, keepalive := range []bool{false, true} {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		check(err)
		server := exec.Command(program, "-q", keys)
		go func() {
			c, err := l.Accept()
			check(err)
			f, err := c.(*net.TCPConn).File()
			check(err)
			server.Stdin, server.Stdout = f, f
			check(server.Start())
			f.Close()
			c.Close()
		}()
		client, err := ssh.Dial("tcp", l.Addr().String(), &ssh.ClientConfig{
			User:            user,
			Auth:            []ssh.AuthMethod{ssh.PublicKeys(signer)},
			HostKeyCallback: ssh.InsecureIgnoreHostKey(), // our own server, on loopback
		})
		check(err)
		session, err := client.NewSession()
		check(err)
		check(session.Start("sleep 1"))
		if keepalive {
			_, _, err := client.SendRequest("keepalive@openssh.com", true, nil)
			fmt.Println("keepalive:", err)
		}
		fmt.Println("command:", session.Wait())
		if keepalive {
			fmt.Println("connection:", client.Wait())
		}
		client.Close()
		server.Wait()
		l.Close()
	}
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}
END
module "$work/go" golang.org/x/crypto@v0.48.0
"$work/bookworm/run/tinysshd-makekey" -q "$work/keys"
# tinysshd reads the keys of the user's home, so an empty one is mounted in a namespace.
user=$(id -un) home=$(getent passwd "$(id -u)" | cut -d: -f6)
while IFS= read -r line; do note "$line"; done < <(unshare --mount sh -ec 'mount -t tmpfs -o mode=700 none "$4"; exec "$@"' \
	"" "$work/go/main" "$work/bookworm/run/tinysshd" "$work/keys" "$home" "$user" 2>&1)

same <<'END'
command: <nil>
keepalive: EOF
command: wait: remote command exited without exit status or exit signal
connection: ssh: unexpected message type 3 (expected 0)
END
