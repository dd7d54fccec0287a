package sshhost_test

import (
	"fmt"
	"net"
	"os"
	"os/user"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tunaperf/tuna/internal/testbed"
	"github.com/tunaperf/tuna/sshhost"
)

func TestFromSSHConfig(t *testing.T) {
	me, err := user.Current()
	if err != nil {
		t.Fatal(err)
	}
	home, err := os.UserHomeDir()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	write := func(name, text string) string {
		file := filepath.Join(dir, name)
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return file
	}
	key, known := write("key_alice", ""), write("known", "")
	write("included", "Host inside\n  User bob\n  HostKeyAlias sut\n")
	file := write("config", strings.NewReplacer("DIR", dir).Replace(`
Include DIR/incl*
Host plain

Host lab-*
	HostName %h.example.net
	User alice
	Port 2222
	IdentityFile DIR/key_%r
	IdentityFile "DIR/no-such-key"
	IdentitiesOnly yes
	IdentityAgent ~/agent
	UserKnownHostsFile DIR/known
	GlobalKnownHostsFile DIR/none
	HostKeyAlgorithms ssh-ed25519,rsa-sha2-512
	ConnectTimeout 7
	ServerAliveInterval 20
	ServerAliveCountMax 5
	CertificateFile DIR/key_alice
	StrictHostKeyChecking no

Host quoted
	User "carol"
	UserKnownHostsFile "DIR/known"
	HostKeyAlgorithms +ssh-rsa

Host far
	ProxyJump gw,dave@lab-1:2200
Host gw
	User gateway
	ProxyJump outer
Host loop
	ProxyJump loop
Host command
	ProxyCommand nc %h %p # 100%%
Host bad-command
	ProxyCommand nc %f
Host unheard-of-cipher
	Ciphers rot13
	KexAlgorithms +sntrup761x25519-sha512@openssh.com
Host direct
	ProxyJump none
Match host matched
	User erin
Host late
	ConnectTimeout soon
`))
	lab := sshhost.Config{
		Addr: "lab-1.example.net:2222", User: "alice", KeyFiles: []string{key, dir + "/no-such-key"}, IdentitiesOnly: true, Agent: home + "/agent",
		KnownHosts: []string{known}, HostKeyAlgorithms: []string{"ssh-ed25519", "rsa-sha2-512"},
		Timeout: 7 * time.Second, KeepAlive: 20 * time.Second, KeepAliveCount: 5, CertificateFiles: []string{key},
	}
	gateway := sshhost.Config{Addr: "gw:22", User: "gateway", Jump: &sshhost.Config{Addr: "outer:22", User: me.Username}}
	hop := lab
	hop.Addr, hop.User, hop.Jump = "lab-1.example.net:2200", "dave", &gateway
	hop.KeyFiles = []string{dir + "/key_dave", dir + "/no-such-key"}
	for _, test := range []struct {
		host string
		want sshhost.Config
		err  string
	}{
		{host: "plain", want: sshhost.Config{Addr: "plain:22", User: me.Username}},
		{host: "unheard-of", want: sshhost.Config{Addr: "unheard-of:22", User: me.Username}},
		{host: "lab-1", want: lab},
		{host: "inside", want: sshhost.Config{Addr: "inside:22", User: "bob", HostKeyAlias: "sut"}},
		{host: "quoted", want: sshhost.Config{Addr: "quoted:22", User: "carol", KnownHosts: []string{known}}},
		{host: "far", want: sshhost.Config{Addr: "far:22", User: me.Username, Jump: &hop}},
		{host: "direct", want: sshhost.Config{Addr: "direct:22", User: me.Username}},
		{host: "matched", want: sshhost.Config{Addr: "matched:22", User: "erin"}},
		{host: "loop", err: "lead back"},
		{host: "command", want: sshhost.Config{Addr: "command:22", User: me.Username, ProxyCommand: "nc command 22 # 100%"}},
		{host: "bad-command", err: "%f is not supported"},
		{host: "unheard-of-cipher", err: "rot13"},
		{host: "late", err: "ConnectTimeout"},
	} {
		t.Run(test.host, func(t *testing.T) {
			got, err := sshhost.FromSSHConfig(test.host, file)
			if test.err != "" {
				if err == nil || !strings.Contains(err.Error(), test.err) {
					t.Errorf("got error %v, want one about %q", err, test.err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
	if _, err := sshhost.FromSSHConfig("plain", filepath.Join(dir, "no-such-file")); err == nil {
		t.Error("a file that is not there was taken")
	}
}

// TestProxyJump goes through two real servers to a third.
func TestProxyJump(t *testing.T) {
	var b strings.Builder
	for _, name := range []string{"first", "second", "third"} {
		s := testbed.StartSSHD(t, testbed.SSHDConfig{})
		host, port, err := net.SplitHostPort(s.Addr)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&b, "Host %s\n HostName %s\n Port %s\n User %s\n IdentityFile %s\n IdentityAgent none\n UserKnownHostsFile %s\n",
			name, host, port, s.User, s.KeyFile, s.KnownHosts)
		if name == "third" {
			b.WriteString(" ProxyJump first,second\n")
		}
	}
	c, err := sshhost.FromSSHConfig("third", writeFile(t, b.String()))
	if err != nil {
		t.Fatal(err)
	}
	h := dial(t, c)
	var out strings.Builder
	if err := h.Run(t.Context(), `echo "${SSH_CONNECTION##* }"`, &out, nil); err != nil {
		t.Fatal(err)
	}
	if _, port, _ := net.SplitHostPort(c.Addr); out.String() != port+"\n" {
		t.Errorf("the command ran behind port %q, want %s", &out, port)
	}
	// The first hop is as necessary as the last one.
	c.Jump.Jump.KnownHosts = []string{}
	_, err = sshhost.Dial(t.Context(), c)
	checkError(t, err, sshhost.ErrHostKeyUnknown, c.Jump.Jump.Addr)
}
