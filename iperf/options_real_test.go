package iperf

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tunaperf/tuna/internal/shquote"
	"github.com/tunaperf/tuna/internal/testbed"
)

// What a program says when it does not take its command line. iperf 2 says so and goes on. "ERROR: expected reverse
// connect did not occur" is no refusal.
var refusal = regexp.MustCompile(`(?im)parameter error|unrecognized option|requires an argument|invalid option|^usage:|ignoring extra argument|ERROR: [^e]|WARN: (option|setting)|not supported|invalid value|unknown report|Invalid --`)

// installed gives the versions of the programs that are installed here.
func installed(t *testing.T) map[string]Version {
	testbed.Need(t, "iperf", "iperf3")
	versions := map[string]Version{}
	for _, program := range []string{"iperf", "iperf3"} {
		out, _ := exec.Command(program, "--version").CombinedOutput() // iperf 2 exits with 1 here
		v, err := ParseVersion(string(out))
		if err != nil {
			t.Fatal(err)
		}
		versions[program] = v
	}
	return versions
}

// Every client's option that the installed programs have is taken by them: they get as far as trying to connect.
func TestRealClientsTakeEveryOption(t *testing.T) {
	versions := installed(t)
	keys := keyFiles(t)
	for _, test := range clientCases {
		for program, v := range versions {
			t.Run(test.setting+" of "+program, func(t *testing.T) {
				t.Parallel()
				c := test.settings
				if slices.Equal(c.Extra, []string{"-x y"}) {
					t.Skip("no option")
				}
				if c.Time == 0 && c.Bytes == 0 && c.Blocks == 0 {
					c.Time = time.Second
				}
				if c.RSAPublicKeyPath != "" {
					c.RSAPublicKeyPath = keys.public
				}
				args, err := (&Iperf{Client: c}).clientArgs(v, test.to("127.0.0.1", "::1"), closedPort(t))
				if errors.Is(err, ErrUnsupported) {
					t.Skip(err)
				} else if err != nil {
					t.Fatal(err)
				}
				ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
				defer cancel()
				cmd := exec.CommandContext(ctx, program, args...)
				cmd.Env = append(os.Environ(), "IPERF3_PASSWORD=secret")
				out, _ := cmd.CombinedOutput() // it fails, as nothing listens
				if refusal.Match(out) {
					t.Errorf("%s %s\n%s", program, shquote.Join(args), out)
				}
				// Without a ListenPort, Dualtest and Tradeoff find their own listener here.
				if s := string(out); !strings.Contains(s, "refused") && !strings.Contains(s, "connected with") {
					t.Errorf("it did not come to connecting: %s %s\n%s", program, shquote.Join(args), out)
				}
			})
		}
	}
}

// Every server's option that the installed programs have is taken by them: they come to listen.
func TestRealServersTakeEveryOption(t *testing.T) {
	versions := installed(t)
	keys := keyFiles(t)
	for _, test := range serverCases {
		for program, v := range versions {
			t.Run(test.setting+" of "+program, func(t *testing.T) {
				t.Parallel()
				x := Iperf{Client: test.client, Server: test.settings}
				switch {
				case slices.Equal(x.Server.Extra, []string{"-x y"}):
					t.Skip("no option")
				case x.Server.HideIPs && program == "iperf" && !v.AtLeast(2, 2, 1):
					t.Skip("it crashes at its end")
				case x.Server.SSMHost != "":
					t.Skip("needs a multicast address")
				case x.Server.RSAPrivateKeyPath != "":
					x.Server.RSAPrivateKeyPath, x.Server.AuthorizedUsersPath = keys.private, keys.users
				}
				port := closedPort(t)
				args, err := x.serverArgs(v, "127.0.0.1", port)
				if errors.Is(err, ErrUnsupported) {
					t.Skip(err)
				} else if err != nil {
					t.Fatal(err)
				}
				listens(t, program, args, func(p ports) bool { return p.taken(x.Client.protocol(), v, port) })
			})
		}
	}
}

// listens starts a server and checks that it comes to listen without a complaint. It ends the server.
func listens(t *testing.T, program string, args []string, listening func(ports) bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, program, args...)
	var out buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = cmd.Wait() // it is killed below
	}()
	poll := time.NewTicker(10 * time.Millisecond)
	defer poll.Stop()
	for listened := false; !listened; {
		select {
		case <-ended:
			t.Errorf("it ended before it listened: %s %s\n%s", program, shquote.Join(args), out.String())
			return
		case <-poll.C:
			p, _ := parseListening(procNet(t))
			listened = listening(p)
		}
	}
	cancel()
	<-ended
	if refusal.MatchString(out.String()) {
		t.Errorf("%s %s\n%s", program, shquote.Join(args), out.String())
	}
}

// Whole tests of what needs both ends to agree, on loopback.
func TestRealEndsAgree(t *testing.T) {
	versions := installed(t)
	for _, test := range []struct {
		name     string
		x        Iperf
		programs string // empty: both
	}{
		{name: "the zero value"},
		{name: "UDP", x: Iperf{Client: ClientSettings{Protocol: udp, Rate: 5e6}}},
		{name: "streams", x: Iperf{Client: ClientSettings{Parallel: 3, NoDelay: true, TOS: 8}}},
		{name: "reverse", x: Iperf{Client: ClientSettings{Reverse: true, Parallel: 2}}},
		{name: "bidir", x: Iperf{Client: ClientSettings{Bidir: true, Parallel: 2}}, programs: "iperf3"},
		{name: "JSON", x: Iperf{Client: ClientSettings{JSON: true, GetServerOutput: true}, Server: ServerSettings{JSON: true}}, programs: "iperf3"},
		{name: "full duplex", x: Iperf{Client: ClientSettings{FullDuplex: true, Parallel: 2}}, programs: "iperf"},
		{name: "dual test", x: Iperf{Client: ClientSettings{Dualtest: true, Parallel: 2}}, programs: "iperf"},
		{name: "dual test of UDP", x: Iperf{Client: ClientSettings{Dualtest: true, Protocol: udp}}, programs: "iperf"},
		{name: "trade-off", x: Iperf{Client: ClientSettings{Tradeoff: true}}, programs: "iperf"},
		{name: "permit key", x: Iperf{Client: ClientSettings{PermitKey: "open sesame"}}, programs: "iperf"},
		{name: "bounceback", x: Iperf{Client: ClientSettings{Bounceback: Bounceback{Enable: true}, WorkingLoad: "up"}}, programs: "iperf"},
		{name: "isochronous", x: Iperf{Client: ClientSettings{Isochronous: Isochronous{30, 1e7, 1e6}, Protocol: udp}}, programs: "iperf"},
		{name: "CSV", x: Iperf{Client: ClientSettings{ReportStyle: "C"}, Server: ServerSettings{ReportStyle: "C"}}, programs: "iperf"},
	} {
		for program, v := range versions {
			if test.programs != "" && test.programs != program {
				continue
			}
			t.Run(test.name+" of "+program, func(t *testing.T) {
				t.Parallel()
				x := test.x
				x.Client.Time = time.Second
				if x.Client.Dualtest || x.Client.Tradeoff {
					x.Client.ListenPort = closedPort(t)
				}
				client, server := bothEnds(t, &x, program, v)
				if refusal.MatchString(client) || refusal.MatchString(server) {
					t.Errorf("client:\n%s\nserver:\n%s", client, server)
				}
			})
		}
	}
}

// An iperf 2 server counts only as much of a datagram as it has room for, so it must be told how long they are.
func TestRealServerCountsLongDatagrams(t *testing.T) {
	versions := installed(t)
	x := Iperf{Client: ClientSettings{Protocol: udp, Time: time.Second, Length: 8000, Rate: 8e6}}
	_, server := bothEnds(t, &x, "iperf", versions["iperf"])
	row := regexp.MustCompile(`(\d+) Bytes .*0/(\d+) \(0%\)`).FindStringSubmatch(server)
	if row == nil {
		t.Skipf("datagrams were lost, or the last row is odd:\n%s", server)
	}
	var bytes, packets int
	fmt.Sscan(row[1], &bytes)
	fmt.Sscan(row[2], &packets)
	if bytes != packets*8000 {
		t.Errorf("the server counted %d bytes of %d datagrams of 8000 bytes", bytes, packets)
	}
}

// bothEnds runs a whole test with what x makes of its settings, and gives what the ends printed.
func bothEnds(t *testing.T, x *Iperf, program string, v Version) (client, server string) {
	t.Helper()
	if err := x.Check(); err != nil {
		t.Fatal(err)
	}
	port := closedPort(t)
	serverArgs, err := x.serverArgs(v, "127.0.0.1", port)
	if err != nil {
		t.Fatal(err)
	}
	clientArgs, err := x.clientArgs(v, "127.0.0.1", port)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	s := exec.CommandContext(ctx, program, serverArgs...)
	var out buffer
	s.Stdout, s.Stderr = &out, &out
	if err := s.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- s.Wait() }()
	poll := time.NewTicker(10 * time.Millisecond)
	defer poll.Stop()
	for listening := false; !listening; <-poll.C {
		p, _ := parseListening(procNet(t))
		listening = p.taken(x.Client.protocol(), v, port)
		if len(ended) > 0 || ctx.Err() != nil {
			t.Fatalf("the server does not listen: %s\n%s", shquote.Join(serverArgs), out.String())
		}
	}
	said, err := exec.CommandContext(ctx, program, clientArgs...).CombinedOutput()
	if err != nil {
		t.Errorf("client %s: %v\n%s", shquote.Join(clientArgs), err, said)
	}
	if err := <-ended; err != nil {
		t.Errorf("server %s: %v, client %s\n%s", shquote.Join(serverArgs), err, shquote.Join(clientArgs), out.String())
	}
	return string(said), out.String()
}

func procNet(t *testing.T) string {
	t.Helper()
	var all strings.Builder
	for _, name := range []string{"tcp", "tcp6", "udp", "udp6"} {
		b, err := os.ReadFile("/proc/net/" + name)
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			t.Fatal(err)
		}
		all.Write(b)
	}
	return all.String()
}

// closedPort finds a port that nothing listens on, and from which nothing connects.
func closedPort(t *testing.T) int {
	t.Helper()
	p, _ := parseListening(procNet(t))
	port, err := p.reserve(1, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { release(port, 1) })
	return port
}

// keys are files as iperf 3's authentication needs them.
type keys struct{ private, public, users string }

func keyFiles(t *testing.T) keys {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	public, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	k := keys{filepath.Join(dir, "private.pem"), filepath.Join(dir, "public.pem"), filepath.Join(dir, "users.csv")}
	for name, content := range map[string][]byte{
		k.private: pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)}),
		k.public:  pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: public}),
		k.users:   []byte("u,0\n"),
	} {
		if err := os.WriteFile(name, content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return k
}
