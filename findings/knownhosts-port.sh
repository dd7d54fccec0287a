#!/usr/bin/env bash
# Software: golang.org/x/crypto v0.48.0 (ssh/knownhosts), github.com/skeema/knownhosts v1.3.2, compared
# with OpenSSH 9.2 (Debian 12).
#
# Behaviour: a host's key that known_hosts has without a port is unknown to both Go packages if the
# server is on another port than 22. OpenSSH looks up "[host]:port" first and then the bare name.
#
# Expected: what ssh connects to without a question is known to a program that reads the same file.
#
# Hurt: labs in which sshd listens on a second port or behind a forwarded one: ssh works, the Go program
# reports an unknown key, and the advice to "connect with ssh once" has no effect, since ssh adds nothing.
#
# Source: golang/go#52056, open since 2022, has it for patterns. skeema/knownhosts#10 mended those
# with an asterisk, not those with a question mark and not plain names.
#
# Seen: as in the last lines of this file.

. "${0%/*}/common.sh"
deb bookworm openssh-client
namespaces
run=$work/bookworm/run
"$run/ssh-keygen" -q -t ed25519 -N "" -f "$work/key"

mkdir "$work/go"
cat >"$work/go/main.go" <<'END'
package main

import (
	"errors"
	"fmt"
	"net"
	"os"

	skeema "github.com/skeema/knownhosts"
	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/knownhosts"
)

func main() {
	if os.Args[1] == "serve" {
		serve(os.Args[2])
	}
	text, err := os.ReadFile(os.Args[2])
	check(err)
	key, _, _, _, err := ssh.ParseAuthorizedKey(text)
	check(err)
	const host = "127.0.0.1:2222"
	remote := &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 2222}
	callback, err := knownhosts.New(os.Args[1])
	check(err)
	fmt.Println("x/crypto:", verdict(callback(host, remote, key)))
	db, err := skeema.NewDB(os.Args[1])
	check(err)
	fmt.Println("skeema:", verdict(db.HostKeyCallback()(host, remote, key)))
}

// serve does the key exchange with each client, and refuses the login.
func serve(file string) {
	text, err := os.ReadFile(file)
	check(err)
	key, err := ssh.ParsePrivateKey(text)
	check(err)
	config := &ssh.ServerConfig{PasswordCallback: func(ssh.ConnMetadata, []byte) (*ssh.Permissions, error) {
		return nil, errors.New("refused")
	}}
	config.AddHostKey(key)
	l, err := net.Listen("tcp", "127.0.0.1:2222")
	check(err)
	for {
		c, err := l.Accept()
		check(err)
		ssh.NewServerConn(c, config)
		c.Close()
	}
}

func verdict(err error) string {
	if err != nil {
		return err.Error()
	}
	return "key is known"
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}
END
module "$work/go" golang.org/x/crypto@v0.48.0 github.com/skeema/knownhosts@v1.3.2
start server "$a" "$work/go/main" serve "$work/key"
listening "$a" tcp 2222
for name in 127.0.0.1 "127.0.0.*" "127.0.0.?" "[127.0.0.1]:2222"; do
	echo "$name $(cut -d' ' -f1,2 "$work/key.pub")" >"$work/known_hosts"
	at "$a" "$run/ssh" -F none -p 2222 -o StrictHostKeyChecking=yes -o UserKnownHostsFile="$work/known_hosts" \
		-o GlobalKnownHostsFile=none -o BatchMode=yes -o PreferredAuthentications=none 127.0.0.1 2>"$work/ssh" || true
	note "$name, OpenSSH: $(grep -q 'Permission denied' "$work/ssh" && echo key is known || tail -1 "$work/ssh")"
	while IFS= read -r line; do note "$name, $line"; done < <("$work/go/main" "$work/known_hosts" "$work/key.pub")
done

same <<'END'
127.0.0.1, OpenSSH: key is known
127.0.0.1, x/crypto: knownhosts: key is unknown
127.0.0.1, skeema: knownhosts: key is unknown
127.0.0.*, OpenSSH: key is known
127.0.0.*, x/crypto: knownhosts: key is unknown
127.0.0.*, skeema: key is known
127.0.0.?, OpenSSH: key is known
127.0.0.?, x/crypto: knownhosts: key is unknown
127.0.0.?, skeema: knownhosts: key is unknown
[127.0.0.1]:2222, OpenSSH: key is known
[127.0.0.1]:2222, x/crypto: key is known
[127.0.0.1]:2222, skeema: key is known
END
