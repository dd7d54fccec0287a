package sshhost_test

import (
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"

	"github.com/tunaperf/tuna/internal/testbed"
	"github.com/tunaperf/tuna/sshhost"
)

// TestSSHConfigWitness compares with ssh -G of this machine. Where versions differ, OpenSSH 10.6 is right.
func TestSSHConfigWitness(t *testing.T) {
	testbed.Need(t, "ssh")
	testbed.NeedRoot(t) // the user's name is in some of the cases
	ar, err := txtar.ParseFile("testdata/sshconfig.txtar")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	t.Setenv("TUNA_TEST_VAR", "value")
	t.Setenv("TUNA_TEST_INC", dir+"/inc")
	for name, text := range map[string]string{"inc/one": "Port 2201\n", "inc/lab1": "User tokened\n", "inc/folder/two": "Port 1\n"} {
		file := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	var g group
	defer g.Wait()
	for _, f := range ar.Files {
		g.Run(t, f.Name, func(t *testing.T) {
			text := strings.ReplaceAll(string(f.Data), "DIR", dir)
			dest, differs := "lab1", ""
			for line := range strings.Lines(text) {
				if d, ok := strings.CutPrefix(line, "# dest "); ok {
					dest = strings.TrimSpace(d)
				}
				if d, ok := strings.CutPrefix(line, "# differs by version: "); ok {
					differs = strings.TrimSpace(d)
				}
			}
			file := writeFile(t, text)
			want := map[string]string{}
			out, witnessErr := exec.CommandContext(t.Context(), "ssh", "-G", "-F", file, "--", dest).CombinedOutput()
			for line := range strings.Lines(string(out)) {
				key, value, _ := strings.Cut(strings.TrimSpace(line), " ")
				want[key] = value
			}
			fails := witnessErr != nil
			key, value, isKey := strings.Cut(differs, " ")
			if differs != "" {
				fails = !isKey
			}
			got, err := sshhost.FromSSHConfig(dest, file)
			if fails || err != nil {
				if (err != nil) != fails {
					t.Errorf("got error %v, and ssh: %v: %.200s", err, witnessErr, out)
				}
				return
			}
			if isKey {
				_, port, _ := net.SplitHostPort(got.Addr)
				if got := map[string]string{"user": got.User, "port": port}[key]; got != value {
					t.Errorf("%s: got %q, and of ssh %q", key, got, value)
				}
				return
			}
			family := got.AddressFamily
			if family == "" {
				family = "any"
			}
			jump := ""
			if got.Jump != nil {
				jump = got.Jump.Addr
			}
			for key, value := range map[string]string{
				"user": got.User, "addressfamily": family, "bindaddress": got.BindAddress, "hostkeyalias": got.HostKeyAlias,
				"identitiesonly": map[bool]string{true: "yes", false: "no"}[got.IdentitiesOnly], "revokedhostkeys": got.RevokedHostKeys,
			} {
				if w, said := want[key]; (said || value != "") && value != w {
					t.Errorf("%s: got %q, and of ssh %q", key, value, w)
				}
			}
			if addr := net.JoinHostPort(strings.Trim(want["hostname"], "[]"), want["port"]); !strings.EqualFold(got.Addr, addr) {
				t.Errorf("got address %s, and of ssh %s", got.Addr, addr)
			}
			for key, seconds := range map[string]float64{"connecttimeout": got.Timeout.Seconds(), "serveraliveinterval": got.KeepAlive.Seconds()} {
				if w := want[key]; w != "none" && w != strconv.Itoa(int(seconds)) {
					t.Errorf("%s: got %g s, and of ssh %s", key, seconds, w)
				}
			}
			if w := want["serveralivecountmax"]; got.KeepAliveCount != 0 && w != strconv.Itoa(got.KeepAliveCount) {
				t.Errorf("serveralivecountmax: got %d, and of ssh %s", got.KeepAliveCount, w)
			}
			if (jump != "") != (want["proxyjump"] != "") || (got.ProxyCommand != "") != (want["proxycommand"] != "") {
				t.Errorf("got jump %q and command %q, and of ssh %q and %q", jump, got.ProxyCommand, want["proxyjump"], want["proxycommand"])
			}
		})
	}
}

// TestURIWithIPv6 has addresses that ssh itself does not take in this form.
func TestURIWithIPv6(t *testing.T) {
	file := writeFile(t, "")
	for dest, want := range map[string]string{
		"ssh://bob@[::1]:2200": "[::1]:2200", "ssh://bob@[fe80::1%eth0]/": "[fe80::1%eth0]:22", "bob@[::1]:2200": "[::1]:2200",
	} {
		if got, err := sshhost.FromSSHConfig(dest, file); err != nil || got.Addr != want || got.User != "bob" {
			t.Errorf("%s: got %s of %s (%v), want %s of bob", dest, got.Addr, got.User, err, want)
		}
	}
}

// TestSSHOptions goes through the table of options: it has all that OpenSSH knows, and says what is done with each.
func TestSSHOptions(t *testing.T) {
	doc, err := os.ReadFile("sshconfig.go")
	if err != nil {
		t.Fatal(err)
	}
	text, _, _ := strings.Cut(string(doc), "\nfunc FromSSHConfig")
	mentioned := strings.Fields(strings.NewReplacer(",", " ", ".", " ", ":", " ").Replace(text))
	documented := map[string]bool{}
	for _, word := range mentioned {
		documented[word] = true
	}
	for _, o := range sshhost.SSHOptions {
		if o.Reason == "" {
			t.Errorf("%s has no reason", o.Name)
		}
		c, err := sshhost.FromSSHConfig("lab1", writeFile(t, "Host other\n User x\nHost lab1\n "+o.Name+" yes\n"))
		if o.Refused {
			if err == nil || !strings.Contains(err.Error(), "line 4") || !strings.Contains(err.Error(), o.Name) {
				t.Errorf("%s: got %v, want an error that names line and option", o.Name, err)
			}
			if o.Refused && !documented[o.Name] {
				t.Errorf("%s is not in the documentation", o.Name)
			}
			for value := range strings.FieldsSeq(o.But) {
				if _, err := sshhost.FromSSHConfig("lab1", writeFile(t, o.Name+" "+value+"\n")); err != nil {
					t.Errorf("%s %s: %v", o.Name, value, err)
				}
			}
			continue
		}
		if o.Obeyed && !documented[o.Name] && o.Name != "Host" && o.Name != "Match" && o.Name != "PubkeyAcceptedKeyTypes" {
			t.Errorf("%s is not in the documentation", o.Name)
		}
		if !o.Obeyed && (err != nil || c.Addr != "lab1:22") {
			t.Errorf("%s: got %v, want no effect", o.Name, err)
		}
	}
	// All that this machine's ssh knows of: what ssh -G prints is named as options are.
	known := map[string]bool{}
	for _, o := range sshhost.SSHOptions {
		known[strings.ToLower(o.Name)] = true
	}
	for line := range strings.Lines(testbed.Command(t, "ssh", "-G", "-F", "none", "lab1")) {
		if key, _, _ := strings.Cut(strings.TrimSpace(line), " "); !known[strings.ToLower(key)] && key != "host" {
			t.Errorf("ssh has an option %s, which is not in the table", key)
		}
	}
}

// TestRestrictions has options that restrict, and what they make of a server and a key that would do.
func TestRestrictions(t *testing.T) {
	s := testbed.StartSSHD(t, testbed.SSHDConfig{})
	for _, test := range []struct {
		text string
		want error
	}{
		{"", nil},
		{"PubkeyAuthentication yes", nil},
		{"PubkeyAuthentication no", sshhost.ErrAuth},
		{"PreferredAuthentications publickey,password", nil},
		{"PreferredAuthentications password", sshhost.ErrAuth},
		{"PubkeyAcceptedAlgorithms ssh-ed25519", nil},
		{"PubkeyAcceptedAlgorithms rsa-sha2-512", sshhost.ErrAuth},
		{"PubkeyAcceptedKeyTypes -ssh-ed25519", sshhost.ErrAuth},
		{"HostKeyAlgorithms -*\n", sshhost.ErrHostKey},
		{"HostKeyAlgorithms rsa-sha2-512\nRequiredRSASize 1024", nil},
		{"HostKeyAlgorithms rsa-sha2-512\nRequiredRSASize 16384", sshhost.ErrHostKey},
		{"AddressFamily inet6", sshhost.ErrUnreachable},
	} {
		t.Run(test.text, func(t *testing.T) {
			_, port, _ := net.SplitHostPort(s.Addr)
			c, err := sshhost.FromSSHConfig(s.User+"@127.0.0.1:"+port, writeFile(t, test.text+"\nIdentityFile "+s.KeyFile+
				"\nIdentityAgent none\nUserKnownHostsFile "+s.KnownHosts+"\nGlobalKnownHostsFile none\n"))
			if test.text == "HostKeyAlgorithms -*\n" {
				if err == nil {
					t.Error("a list without any algorithm was taken")
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			checkError(t, login(t, c), test.want, s.Addr)
		})
	}
}
