package sshhost_test

import (
	"cmp"
	"errors"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/knownhosts"

	"github.com/tunaperf/tuna/internal/testbed"
	"github.com/tunaperf/tuna/sshhost"
)

// TestKnownHostsAreReadAsOpenSSHDoes asks OpenSSH's client what it makes of the same files.
func TestKnownHostsAreReadAsOpenSSHDoes(t *testing.T) {
	testbed.Need(t, "ssh", "ssh-keygen")
	dir := t.TempDir()
	keygen := func(args ...string) { testbed.Command(t, "ssh-keygen", append([]string{"-q"}, args...)...) }
	for _, name := range []string{"host", "wrong", "ca"} {
		keygen("-t", "ed25519", "-N", "", "-f", dir+"/"+name)
	}
	certify := func(name string, args ...string) string {
		file := dir + "/" + name
		private, err := os.ReadFile(dir + "/host")
		if err == nil {
			err = os.WriteFile(file, private, 0o600)
		}
		if err == nil {
			err = os.WriteFile(file+".pub", []byte(publicKey(t, dir+"/host")+"\n"), 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
		keygen(append(append([]string{"-s", dir + "/ca", "-h", "-I", name}, args...), file+".pub")...)
		return "HostCertificate " + file + "-cert.pub"
	}
	plain := testbed.StartSSHD(t, testbed.SSHDConfig{Extra: []string{"HostKey " + dir + "/host", "HostKeyAlgorithms ssh-ed25519"}})
	certified := func(name string, args ...string) *testbed.SSHServer {
		return testbed.StartSSHD(t, testbed.SSHDConfig{Extra: []string{"HostKey " + dir + "/host", certify(name, args...)}})
	}
	six := testbed.StartSSHD(t, testbed.SSHDConfig{Addr: "::1", Extra: []string{"HostKey " + dir + "/host", "HostKeyAlgorithms ssh-ed25519"}})
	good := certified("good", "-n", "127.0.0.1")
	pattern := certified("pattern", "-n", "127.0.0.*")
	expired := certified("expired", "-n", "127.0.0.1", "-V", "19700101:19800101")
	elsewhere := certified("elsewhere", "-n", "elsewhere")

	var g group
	defer g.Wait()
	for _, test := range []struct {
		name, known, alias, revoked string
		server                      *testbed.SSHServer
		host                        string // empty: 127.0.0.1
		want                        error
	}{
		{name: "nothing", want: sshhost.ErrHostKeyUnknown},
		{name: "known", known: "[127.0.0.1]:PORT RIGHT"},
		{name: "comment and blanks", known: "# x\n\n \t[127.0.0.1]:PORT\tRIGHT and a comment"},
		{name: "one of several names", known: "a,[127.0.0.1]:PORT,b RIGHT"},
		{name: "without a port", known: "127.0.0.1 RIGHT"},
		{name: "another port", known: "[127.0.0.1]:1 RIGHT", want: sshhost.ErrHostKeyUnknown},
		{name: "any port", known: "[127.0.0.1]:* RIGHT"},
		{name: "any port, changed", known: "[127.0.0.1]:* WRONG", want: sshhost.ErrHostKeyChanged},
		{name: "pattern within a port", known: "[127.0.0.?]:?* RIGHT"},
		{name: "changed", known: "[127.0.0.1]:PORT WRONG", want: sshhost.ErrHostKeyChanged},
		{name: "changed, right without a port", known: "[127.0.0.1]:PORT WRONG\n127.0.0.1 RIGHT", want: sshhost.ErrHostKeyChanged},
		{name: "wrong without a port", known: "127.0.0.1 WRONG", want: sshhost.ErrHostKeyUnknown},
		{name: "another type of key is known", known: "[127.0.0.1]:PORT RSA", want: sshhost.ErrHostKeyChanged},
		{name: "one of two is right", known: "[127.0.0.1]:PORT WRONG\n[127.0.0.1]:PORT RIGHT"},
		{name: "negation", known: "*,!127.0.0.1 WRONG\n127.0.0.* RIGHT", want: sshhost.ErrHostKeyChanged},
		{name: "negation of the name with a port", known: "*,![127.0.0.1]:PORT WRONG\n127.0.0.* RIGHT"},
		{name: "negation alone", known: "!a RIGHT", want: sshhost.ErrHostKeyUnknown},
		{name: "hashed", known: "HASH:[127.0.0.1]:PORT RIGHT"},
		{name: "hashed without a port", known: "HASH:127.0.0.1 RIGHT"},
		{name: "hashed, changed", known: "HASH:[127.0.0.1]:PORT WRONG", want: sshhost.ErrHostKeyChanged},
		{name: "alias", known: "sut RIGHT", alias: "sut"},
		{name: "alias with capital letters", known: "sut RIGHT", alias: "SUT"},
		{name: "line with capital letters", known: "SuT RIGHT", alias: "sUt"},
		{name: "hashed alias with capital letters", known: "HASH:sut RIGHT", alias: "SUT"},
		{name: "alias has no port", known: "[sut]:PORT RIGHT", alias: "sut", want: sshhost.ErrHostKeyUnknown},
		{name: "address does not count beside an alias", known: "[127.0.0.1]:PORT RIGHT", alias: "sut", want: sshhost.ErrHostKeyUnknown},
		{name: "revoked everywhere", known: "@revoked * RIGHT\n[127.0.0.1]:PORT RIGHT", want: sshhost.ErrHostKeyRevoked},
		{name: "revoked elsewhere", known: "@revoked elsewhere RIGHT\n[127.0.0.1]:PORT RIGHT"},
		{name: "unknown marker", known: "@trusted [127.0.0.1]:PORT RIGHT", want: sshhost.ErrHostKeyUnknown},
		{name: "lines that cannot be read", known: "[127.0.0.1]:PORT\n[127.0.0.1]:PORT ssh-new AAAA\nx\n@revoked\n[127.0.0.1]:PORT RIGHT"},
		{name: "IPv6", server: six, host: "::1", known: "[::1]:PORT RIGHT"},
		{name: "IPv6 that is written long", server: six, host: "0:0:0:0:0:0:0:1", known: "[::1]:PORT RIGHT"},
		{name: "IPv6 that is written long in the line", server: six, host: "::1", known: "[0:0:0:0:0:0:0:1]:PORT RIGHT", want: sshhost.ErrHostKeyUnknown},
		{name: "authority", server: good, known: "@cert-authority [127.0.0.1]:* CA"},
		{name: "authority without a port", server: good, known: "@cert-authority 127.0.0.1 CA"},
		{name: "authority of another host", server: good, known: "@cert-authority elsewhere CA", want: sshhost.ErrHostKeyUnknown},
		{name: "another authority", server: good, known: "@cert-authority * WRONG", want: sshhost.ErrHostKeyUnknown},
		{name: "another authority, key known", server: good, known: "@cert-authority * WRONG\n127.0.0.1 RIGHT"},
		{name: "authority revoked", server: good, known: "@cert-authority * CA\n@revoked * CA", want: sshhost.ErrHostKeyRevoked},
		{name: "certified key revoked", server: good, known: "@cert-authority * CA\n@revoked * RIGHT", want: sshhost.ErrHostKeyRevoked},
		{name: "authority and another key", server: good, known: "[127.0.0.1]:* WRONG\n@cert-authority * CA"},
		{name: "expired certificate", server: expired, known: "@cert-authority * CA", want: sshhost.ErrHostKeyUnknown},
		{name: "expired certificate, key known", server: expired, known: "@cert-authority * CA\n127.0.0.1 RIGHT"},
		{name: "certificate of another host", server: elsewhere, known: "@cert-authority * CA", want: sshhost.ErrHostKeyUnknown},
		{name: "certificate of a pattern", server: pattern, known: "@cert-authority * CA", want: sshhost.ErrHostKeyUnknown},
		{name: "certificate of the alias", server: elsewhere, known: "@cert-authority * CA", alias: "Elsewhere"},
		{name: "RevokedHostKeys", known: "[127.0.0.1]:PORT RIGHT", revoked: "# x\n\nRIGHT x\n", want: sshhost.ErrHostKeyRevoked},
		{name: "RevokedHostKeys, others", known: "[127.0.0.1]:PORT RIGHT", revoked: "WRONG\nCA\n"},
		{name: "RevokedHostKeys, authority", server: good, known: "@cert-authority * CA", revoked: "CA", want: sshhost.ErrHostKeyRevoked},
		{name: "RevokedHostKeys that cannot be read", known: "[127.0.0.1]:PORT RIGHT", revoked: "no key\n", want: sshhost.ErrHostKey},
		{name: "RevokedHostKeys that is a KRL", known: "[127.0.0.1]:PORT RIGHT", revoked: "KRL", want: sshhost.ErrHostKey},
	} {
		g.Run(t, test.name, func(t *testing.T) {
			s := test.server
			if s == nil {
				s = plain
			}
			_, port, _ := net.SplitHostPort(s.Addr)
			keys := strings.NewReplacer("PORT", port, "RIGHT", publicKey(t, dir+"/host"), "WRONG", publicKey(t, dir+"/wrong"),
				"CA", publicKey(t, dir+"/ca"), "RSA", rsaKey(t, s))
			var known strings.Builder
			for line := range strings.Lines(keys.Replace(test.known) + "\n") {
				if name, ok := strings.CutPrefix(line, "HASH:"); ok {
					name, rest, _ := strings.Cut(name, " ")
					line = knownhosts.HashHostname(name) + " " + rest
				}
				known.WriteString(line)
			}
			var text strings.Builder
			text.WriteString("UserKnownHostsFile " + writeFile(t, known.String()) + "\nGlobalKnownHostsFile none\nIdentityAgent none\n" +
				"IdentityFile " + s.KeyFile + "\nStrictHostKeyChecking yes\nBatchMode yes\nUser " + s.User + "\nPort " + port + "\n")
			if test.alias != "" {
				text.WriteString("HostKeyAlias " + test.alias + "\n")
			}
			if test.revoked != "" {
				revoked := writeFile(t, keys.Replace(test.revoked))
				if test.revoked == "KRL" {
					keygen("-k", "-f", revoked, dir+"/host.pub")
				}
				text.WriteString("RevokedHostKeys " + revoked + "\n")
			}
			config := writeFile(t, text.String())

			out, err := exec.CommandContext(t.Context(), "ssh", "-F", config, cmp.Or(test.host, "127.0.0.1"), "true").CombinedOutput()
			witness := error(nil)
			switch said := string(out); {
			case err == nil:
			case strings.Contains(said, "REVOKED HOST KEY DETECTED"), strings.Contains(said, "revoked by file"):
				witness = sshhost.ErrHostKeyRevoked
			case strings.Contains(said, "HAS CHANGED"):
				witness = sshhost.ErrHostKeyChanged
			case strings.Contains(said, "host key is known for"):
				witness = sshhost.ErrHostKeyUnknown
			case strings.Contains(said, "in revoked keys file"):
				witness = sshhost.ErrHostKey
			default:
				t.Fatalf("ssh: %v: %s", err, said)
			}
			if test.revoked == "KRL" { // which ssh understands
				witness = sshhost.ErrHostKey
			}
			if witness != test.want {
				t.Errorf("ssh finds %v, and the test wants %v: %s", witness, test.want, out)
			}
			c, err := sshhost.FromSSHConfig(cmp.Or(test.host, "127.0.0.1"), config)
			if err != nil {
				t.Fatal(err)
			}
			checkError(t, login(t, c), test.want, s.Addr)
		})
	}
}

// publicKey returns the type and the text of the public half of a key.
func publicKey(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(file + ".pub")
	if err != nil {
		t.Fatal(err)
	}
	return strings.Join(strings.Fields(string(text))[:2], " ")
}

func rsaKey(t *testing.T, s *testbed.SSHServer) string {
	t.Helper()
	text, err := os.ReadFile(s.KnownHosts)
	if err != nil {
		t.Fatal(err)
	}
	_, key, ok := strings.Cut(string(text), " ssh-rsa ")
	if !ok {
		t.Fatal("the server has no RSA key")
	}
	return "ssh-rsa " + strings.Fields(key)[0]
}

// TestHostKeyAdvice follows what the error of a refused key says.
func TestHostKeyAdvice(t *testing.T) {
	testbed.Need(t, "ssh-keygen")
	s := testbed.StartSSHD(t, testbed.SSHDConfig{})
	_, other := newSigner(t)
	wrong := strings.TrimSpace(string(ssh.MarshalAuthorizedKey(other.PublicKey())))
	bracketed := "[127.0.0.1]:" + s.Addr[len("127.0.0.1:"):]
	spaced := filepath.Join(t.TempDir(), "it's known")
	for _, test := range []struct {
		name, known, alias string
		file               string
		want               error
		says, not          string
	}{
		{name: "changed", known: "# x\n" + bracketed + " " + wrong, want: sshhost.ErrHostKeyChanged, says: "FILE line 2"},
		{name: "changed, file with a blank", file: spaced, known: bracketed + " " + wrong, want: sshhost.ErrHostKeyChanged, says: "line 1"},
		{name: "changed, alias", known: "sut " + wrong, alias: "SUT", want: sshhost.ErrHostKeyChanged, says: "-R sut"},
		{name: "changed, hashed", known: knownhosts.HashHostname(bracketed) + " " + wrong, want: sshhost.ErrHostKeyChanged, says: "FILE line 1"},
		{name: "unknown", want: sshhost.ErrHostKeyUnknown, says: "to FILE under the name " + bracketed, not: "connect once"},
		{name: "unknown, alias", alias: "SUT", want: sshhost.ErrHostKeyUnknown, says: "to FILE under the name sut", not: "connect once"},
		{name: "no file", file: os.DevNull, want: sshhost.ErrHostKeyUnknown, says: "no file of known host keys", not: "connect once"},
	} {
		t.Run(test.name, func(t *testing.T) {
			file := test.file
			switch file {
			case "":
				file = writeFile(t, test.known+"\n")
			case spaced:
				if err := os.WriteFile(file, []byte(test.known+"\n"), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			c := config(s)
			c.KnownHosts, c.HostKeyAlias = []string{file}, test.alias
			_, err := sshhost.Dial(t.Context(), c)
			checkError(t, err, test.want, s.Addr)
			if err == nil {
				return
			}
			if says := strings.ReplaceAll(test.says, "FILE", file); !strings.Contains(err.Error(), says) {
				t.Errorf("got %v, want %q in it", err, says)
			}
			if test.not != "" && strings.Contains(err.Error(), test.not) {
				t.Errorf("got %v, want no %q in it", err, test.not)
			}
			if _, command, ok := strings.Cut(err.Error(), "with ssh-keygen"); ok {
				testbed.Command(t, "sh", "-c", "ssh-keygen"+command)
				if _, err := sshhost.Dial(t.Context(), c); !errors.Is(err, sshhost.ErrHostKeyUnknown) {
					t.Errorf("after ssh-keygen%s: got %v, want ErrHostKeyUnknown", command, err)
				}
			}
		})
	}
	t.Run("the usual file", func(t *testing.T) {
		t.Setenv("HOME", t.TempDir())
		c := config(s)
		c.KnownHosts = nil
		_, err := sshhost.Dial(t.Context(), c)
		checkError(t, err, sshhost.ErrHostKeyUnknown, s.Addr)
		if err != nil && !strings.Contains(err.Error(), "connect once with ssh") {
			t.Errorf("got %v, want advice", err)
		}
	})
}
