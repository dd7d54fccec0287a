#!/usr/bin/env bash
# Software: Dropbear 2022.83 (Debian 12; OpenWrt comes with it too), beside tinysshd 20230101.
#
# Behaviour: a command leaves a job in the background that prints later. Dropbear ends the session as soon as the
# command's shell has ended, with exit status 0, and closes the job's standard output. The job is killed by SIGPIPE
# when it prints for the first time, and nobody is told. tinysshd keeps the session until the job has ended, passes
# its output on, and tells the exit status only then.
#
# Expected: what OpenSSH does: the exit status comes when the shell has ended, the session stays open as long as
# somebody holds its output, so the job's words arrive and the job lives.
#
# Hurt: test harnesses that start a server or a logger with "command &" on a device. It works for as long as the
# program is silent, then it is gone; on another server the same call does not return.
#
# Source: dropbear(8) and sshd(8) do not say it; seen here.
#
# Seen: as written at the end; 141 is SIGPIPE.

. "${0%/*}/common.sh"
deb bookworm dropbear-bin=2022.83-1+deb12u3 libtomcrypt1=1.18.2-6 libtommath1=1.2.0-6+deb12u1 tinysshd=20230101-1
mkdir "$work/go" "$work/home"
cat >"$work/go/main.go" <<'END'
package main

import (
	"bytes"
	"crypto/ed25519"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"golang.org/x/crypto/ssh"
)

func main() {
	keys, home, user, dir := os.Args[1], os.Args[2], os.Args[3], os.Args[4]
	_, key, err := ed25519.GenerateKey(nil)
	check(err)
	signer, err := ssh.NewSignerFromKey(key)
	check(err)
	check(os.MkdirAll(filepath.Join(home, ".ssh"), 0o700))
	authorized := filepath.Join(home, ".ssh", "authorized_keys")
	check(os.WriteFile(authorized, ssh.MarshalAuthorizedKey(signer.PublicKey()), 0o600))

	for _, name := range []string{"Dropbear", "tinysshd"} {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		check(err)
		addr := l.Addr().String()
		var server *exec.Cmd
		if name == "Dropbear" {
			l.Close()
			server = exec.Command(os.Args[5], "-F", "-p", addr, "-r", os.Args[6], "-P", filepath.Join(dir, "pid"))
			check(server.Start())
			for {
				if c, err := net.Dial("tcp", addr); err == nil {
					c.Close()
					break
				}
				time.Sleep(50 * time.Millisecond)
			}
		} else {
			server = exec.Command(os.Args[7], "-q", keys)
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
		}
		client, err := ssh.Dial("tcp", addr, &ssh.ClientConfig{
			User:            user,
			Auth:            []ssh.AuthMethod{ssh.PublicKeys(signer)},
			HostKeyCallback: ssh.InsecureIgnoreHostKey(), // our own server, on loopback
		})
		check(err)
		session, err := client.NewSession()
		check(err)
		var out bytes.Buffer
		session.Stdout = &out
		status := filepath.Join(dir, name+".status")
		began := time.Now()
		err = session.Run("(sh -c 'sleep 3; echo late; :'; echo $? >" + status + ") & echo now")
		when := "at once"
		if time.Since(began) > 2*time.Second {
			when = "with the job"
		}
		fmt.Printf("%s: the command ends %s: %v, output %q\n", name, when, err, out.String())
		// The connection stays open, longer than the job is silent.
		time.Sleep(time.Until(began.Add(5 * time.Second)))
		ended, err := os.ReadFile(status)
		check(err)
		fmt.Printf("%s: the job's exit status is %s", name, ended)
		client.Close()
		l.Close()
		server.Process.Signal(os.Interrupt)
		server.Wait()
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
"$work/bookworm/run/dropbearkey" -t ecdsa -f "$work/hostkey" >/dev/null 2>&1
# Both servers read the keys of the user's home, so an empty one is mounted in a namespace.
user=$(id -un) home=$(getent passwd "$(id -u)" | cut -d: -f6)
while IFS= read -r line; do note "$line"; done < <(unshare --mount sh -ec 'mount -t tmpfs -o mode=700 none "$3"; exec "$@"' \
	"" "$work/go/main" "$work/keys" "$home" "$user" "$work/home" "$work/bookworm/run/dropbear" "$work/hostkey" \
	"$work/bookworm/run/tinysshd" 2>&1)

same <<'END'
Dropbear: the command ends at once: <nil>, output "now\n"
Dropbear: the job's exit status is 141
tinysshd: the command ends with the job: <nil>, output "now\nlate\n"
tinysshd: the job's exit status is 0
END
