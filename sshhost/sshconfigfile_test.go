package sshhost_test

import (
	"cmp"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/tunaperf/tuna/internal/testbed"
	"github.com/tunaperf/tuna/sshhost"
)

// TestSSHConfigIsReadAsOpenSSHDoes compares with what ssh -G prints of the same file: address, user, keys, certificates and
// jumps.
func TestSSHConfigIsReadAsOpenSSHDoes(t *testing.T) {
	testbed.Need(t, "ssh")
	dir := t.TempDir()
	t.Setenv("TUNA_TEST_FOLDER", dir)
	if err := os.Mkdir(filepath.Join(dir, "a folder"), 0o755); err != nil {
		t.Fatal(err)
	}
	write := func(name, text string) string {
		file := filepath.Join(dir, name)
		if err := os.WriteFile(file, []byte(strings.ReplaceAll(text, "DIR", dir)), 0o600); err != nil {
			t.Fatal(err)
		}
		return file
	}
	for _, name := range []string{"k1", "k2", "k#", "key file", "k_alice", "k_bob", "k_lab1", "k_ten", "k_2200", "k1-cert.pub", "known", "known hosts"} {
		write(name, "")
	}
	write("user", "User included\n")
	write("other", "Host other\n User nobody\nHost *\n Port 99\n")
	write("a folder/user", "Host lab1\n User spaced\n")
	for _, test := range []struct{ name, dest, text, err string }{
		{name: "tab between patterns", text: "Host\tfoo\tlab1\n\tUser\tbob\n"},
		{name: "quoted patterns", text: "Host \"foo\" \"lab1\"\n User bob\n"},
		{name: "question mark is one character", dest: "lab", text: "Host lab?\n User bob\n"},
		{name: "question mark", text: "Host lab?\n User bob\n"},
		{name: "negation", text: "Host lab* !lab1\n User bob\nHost *\n User eve\n"},
		{name: "negation only", dest: "lab2", text: "Host !lab1\n User bob\nHost *\n User eve\n"},
		{name: "first counts", text: "Host lab1\n User bob\nHost lab*\n User eve\n Port 23\n"},
		{name: "equals signs", text: "Host = lab1\nUser= bob\nPort =2200\nHostName=ten\n"},
		{name: "letters of either case", dest: "LAB1", text: "hOST lab1\n uSER bob\nHost *\n pORT 23\n"},
		{name: "tokens of HostName", text: "Host lab1\n HostName a%%h-%h\n"},
		{name: "comments", text: "Host lab1 # the lab\n User bob#x # me\n  # Port 3\n"},
		{name: "line ends of another system", text: "Host lab1\r\n User bob\r\n Port 2200\r\n"},
		{name: "user and port of the destination in tokens", dest: "ssh://alice@lab1:2200", text: "User bob\nPort 23\nIdentityFile DIR/k_%r\nIdentityFile DIR/k_%p\n"},
		{name: "at sign in a user", dest: "a@b@lab1", text: "Port 2200\n"},
		{name: "tokens of a file", text: "HostName ten\nUser bob\nIdentityFile DIR/k_%n\nIdentityFile DIR/k_%h\nIdentityFile DIR/k_%r\n"},
		{name: "keys of several sections, each once", text: "Host lab1\n IdentityFile DIR/k1\nHost *\n IdentityFile DIR/k2\n IdentityFile DIR/k1\n"},
		{name: "no keys", text: "IdentityFile none\n"},
		{name: "environment", text: "IdentityFile ${TUNA_TEST_FOLDER}/k1\n"},
		{name: "quotes of both kinds", text: "User 'bob'\nIdentityFile \"DIR/key file\"\nIdentityFile 'DIR/k#'\n"},
		{name: "backslash", text: "IdentityFile DIR/key\\ file\n"},
		{name: "certificate", text: "IdentityFile DIR/k1\nCertificateFile DIR/k1-cert.pub\n"},
		{name: "known hosts", text: "UserKnownHostsFile \"DIR/known hosts\" DIR/known\n"},
		{name: "port by name", text: "Port ssh\n"},
		{name: "flag of another kind", text: "IdentitiesOnly true\n"},
		{name: "times with units", text: "ConnectTimeout 1m30s\nServerAliveInterval 2m\n"},
		{name: "jump", text: "Host lab1\n ProxyJump alice@gw:2200,[fd00::1]:22,ssh://bob@b\n"},
		{name: "no jump for some", text: "Host lab1\n ProxyJump NONE\nHost *\n ProxyJump gw\n"},
		{name: "no command before a jump", text: "Host lab1\n ProxyCommand none\nHost *\n ProxyJump gw\n"},
		{name: "jump before a command", text: "Host lab1\n ProxyJump gw\n ProxyCommand nc %h %p\n"},
		{name: "command before a jump", text: "Host lab1\n ProxyCommand nc %h %p\n ProxyJump gw\n"},
		{name: "match list", text: "Match host foo,lab?\n User bob\n"},
		{name: "match quoted", text: "Match host \"lab1\"\n User bob\n"},
		{name: "match negated list", text: "Match host lab*,!lab1\n User bob\n"},
		{name: "match not", text: "Match !host lab1\n User bob\nMatch !host lab2\n Port 23\n"},
		{name: "match by HostName", text: "Host lab1\n HostName ten\nMatch host ten\n User bob\nMatch host lab1\n Port 23\n"},
		{name: "match originalhost", text: "Host lab1\n HostName ten\nMatch originalhost lab1\n User bob\n"},
		{name: "match two", text: "Match host lab1 user alice\n Port 2200\n"},
		{name: "match user", dest: "alice@lab1", text: "Match host=lab1 user=alice\n Port 2200\n"},
		{name: "match all", text: "Match all\n Port 2200\n"},
		{name: "match final", text: "Match final host ten\n User bob\n Port 23\nHost lab1\n HostName ten\n Port 24\n"},
		{name: "match canonical", text: "Match canonical host lab1\n Port 2200\n"},
		{name: "match exec", text: "Match host lab1 exec \"false\"\n Port 2200\n", err: "exec"},
		{name: "match exec of another", text: "Match exec \"true\" host other\n Port 2200\n"},
		{name: "include in a section", text: "Host lab1\n Include DIR/user\n Port 2200\n"},
		{name: "include in another section", text: "Host foo\n Include DIR/other\nHost lab1\n User bob\n"},
		{name: "include, then go on", text: "Host lab1\n Include DIR/other\n User bob\n"},
		{name: "include with a space", text: "Include \"DIR/a folder/us?r\"\n"},
		{name: "include what is not there", text: "Include DIR/nothing\nUser bob\n"},
		{name: "include itself", text: "Include DIR/config\n", err: "include each other"},
		{name: "no value", text: "Host lab1\n User\n", err: "user has no value"},
		{name: "two values", text: "Host other\n User bob eve\n", err: "line 2"},
		{name: "open quote", text: "User \"bob\n", err: "quote"},
		{name: "port out of range", text: "Port 99999\n", err: "Port"},
	} {
		t.Run(test.name, func(t *testing.T) {
			dest := cmp.Or(test.dest, "lab1")
			file := write("config", test.text)
			got, err := sshhost.FromSSHConfig(dest, file)
			if test.err != "" {
				if err == nil || !strings.Contains(err.Error(), test.err) || strings.Contains(err.Error(), "\n") {
					t.Errorf("got error %v, want one line about %q", err, test.err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			want := map[string][]string{}
			for line := range strings.Lines(testbed.Command(t, "ssh", "-G", "-F", file, dest)) {
				key, value, _ := strings.Cut(strings.TrimSpace(line), " ")
				want[key] = append(want[key], value)
			}
			first := func(key string) string { return strings.Join(want[key], "|") }
			check := func(what string, got, want any) {
				t.Helper()
				if got != want {
					t.Errorf("%s: got %q, and of ssh %q", what, got, want)
				}
			}
			check("address", got.Addr, net.JoinHostPort(first("hostname"), first("port")))
			check("user", got.User, first("user"))
			check("IdentitiesOnly", got.IdentitiesOnly, first("identitiesonly") == "yes")
			if test.name == "times with units" {
				check("timeout", int(got.Timeout.Seconds()), 90)
				check("keepalive", int(got.KeepAlive.Seconds()), 120)
			}
			if strings.Contains(test.text, "Known") {
				check("known hosts", strings.Join(got.KnownHosts, " "), first("userknownhostsfile"))
			}
			tokens := strings.NewReplacer("%r", got.User, "%p", first("port"), "%n", "lab1", "%h", first("hostname"), "${TUNA_TEST_FOLDER}", dir)
			files := func(key string) string {
				var all []string
				for _, f := range want[key] {
					if f = tokens.Replace(f); strings.HasPrefix(f, dir) {
						all = append(all, f)
					}
				}
				return strings.Join(all, " ")
			}
			check("keys", strings.Join(got.KeyFiles, " "), files("identityfile"))
			if strings.Contains(test.text, "IdentityFile") && got.KeyFiles == nil {
				t.Error("the usual keys are tried")
			}
			check("certificates", strings.Join(got.CertificateFiles, " "), files("certificatefile"))
			var hops []string
			for j := got.Jump; j != nil; j = j.Jump {
				hops = append([]string{j.User + "@" + j.Addr}, hops...)
			}
			if test.name == "jump" {
				me := strings.TrimSpace(testbed.Command(t, "id", "-un"))
				if want := []string{"alice@gw:2200", me + "@[fd00::1]:22", "bob@b:22"}; !slices.Equal(hops, want) {
					t.Errorf("got jumps %q, want %q", hops, want)
				}
			} else {
				check("jump", len(hops) > 0, want["proxyjump"] != nil)
			}
		})
	}
}

// TestSSHConfigOfTheUser has the files that are read when none is named: the user's own comes first.
func TestSSHConfigOfTheUser(t *testing.T) {
	home := t.TempDir()
	t.Setenv("HOME", home)
	if err := os.Mkdir(filepath.Join(home, ".ssh"), 0o700); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{"config": "Include more\nHost lab1\n UserKnownHostsFile ~/.ssh/mine\n", "more": "User bob\n", "mine": "", "known_hosts": ""} {
		if err := os.WriteFile(filepath.Join(home, ".ssh", name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	got, err := sshhost.FromSSHConfig("lab1", "")
	if err != nil {
		t.Fatal(err)
	}
	if mine := filepath.Join(home, ".ssh/mine"); got.User != "bob" || got.KnownHosts[0] != mine || slices.Contains(got.KnownHosts, filepath.Join(home, ".ssh/known_hosts")) {
		t.Errorf("got user %q and known hosts %q, want bob and %s", got.User, got.KnownHosts, mine)
	}
}
