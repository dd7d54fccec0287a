package iperf_test

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"maps"
	"math/big"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tunaperf/tuna/internal/testbed"
	"github.com/tunaperf/tuna/iperf"
)

// Witnesses that several settings share, and what they look at.

// never is a witness of what cannot be observed here, so it has a reason not to be tried.
func never(*sighting) error { return errUnseen }

// errUnseen is the verdict on a setting that has no effect which could be seen.
var errUnseen = errors.New("not seen: it has no effect on the wire or in the kernel")

// noSCTP returns why SCTP cannot be tried.
func noSCTP() string {
	protocols, _ := os.ReadFile("/proc/net/protocols")
	if !strings.Contains(string(protocols), "SCTP") {
		return "no SCTP in this kernel"
	}
	return ""
}

// The words that stand for what only a bed knows.
const (
	deviceOf   = "<device>" // of the end
	serverName = "server.test"
)

// bothWays checks that data pass both ways at the same time, over so many connections.
func bothWays(e *sighting, connections int) error {
	up, down := e.up(), e.down()
	if bytesOf(up) < 5e5 || bytesOf(down) < 5e5 {
		return want(false, "500 kB or more each way", "%d up, %d down", bytesOf(up), bytesOf(down))
	}
	together := min(up[len(up)-1].At.UnixNano(), down[len(down)-1].At.UnixNano()) - max(up[0].At.UnixNano(), down[0].At.UnixNano())
	if err := between("time together", time.Duration(together), 700*ms, time.Minute); err != nil {
		return err
	}
	return between("connections", len(e.tests()), connections, connections)
}

// ends checks that the flows have two ends, and data in each.
func ends(e *sighting, of func(*flow) any, first, second string) error {
	got := map[string]bool{}
	for _, f := range e.tests() {
		if bytesOf(f.up) > 1e5 {
			got[fmt.Sprint(of(f))] = true
		}
	}
	return want(len(got) == 2 && got[first] && got[second], first+" and "+second, "%v", slices.Sorted(maps.Keys(got)))
}

// acknowledgedAtOnce returns the share of packets of the client's that an empty one of the server's followed at once. The
// kernel delays others by 40 ms. It acknowledges the first ones at once in any case.
func acknowledgedAtOnce(e *sighting, sent []testbed.Packet) float64 {
	answers := e.fromServer()
	const first = 30
	if len(sent) > 2*first {
		sent = sent[first:]
	}
	return share(sent, func(p testbed.Packet) bool {
		return slices.ContainsFunc(answers, func(a testbed.Packet) bool {
			return a.Size == 0 && a.ACK && a.Acked == p.Seq+uint32(p.Size) && a.At.After(p.At) && a.At.Sub(p.At) < 8*ms
		})
	})
}

var unsent = regexp.MustCompile(` notsent:(\d+)`)

// mostUnsent returns the most bytes that a socket held back, of all samples of ss.
func mostUnsent(lines []string) (most int) {
	for _, line := range lines {
		if m := unsent.FindStringSubmatch(line); m != nil {
			n, _ := strconv.Atoi(m[1])
			most = max(most, n)
		}
	}
	return most
}

// A call is what proc(5) shows of a system call in which a thread waits: its number and its first arguments.
type call []uint64

// waitsIn reports whether a program was seen to wait in such a call.
func waitsIn(p testbed.Program, is func(call) bool) bool {
	for text := range p.Calls {
		var c call
		for f := range strings.FieldsSeq(text) {
			n, _ := strconv.ParseUint(f, 0, 64) // zero for -1, which is no call
			c = append(c, n)
		}
		if len(c) >= 5 && is(c) {
			return true
		}
	}
	return false
}

// truncatingRecv is recvfrom with MSG_TRUNC, which copies nothing.
func truncatingRecv(c call) bool { return (c[0] == 45 || c[0] == 207) && c[4]&0x20 != 0 }

// readOf returns what tells a read or recvfrom of a size, on x86-64 and on arm64.
func readOf(size uint64) func(call) bool {
	return func(c call) bool { return slices.Contains([]uint64{0, 45, 63, 207}, c[0]) && c[3] == size }
}

// receiverWrites returns how often the server's thread that receives has called write(2). It is the thread that has waited most
// often.
func (b *sweepBed) receiverWrites() (writes int) {
	waits := 0
	for _, p := range b.server.Processes() {
		if !slices.Contains(p.Args, "-s") || p.Name == "env" {
			continue
		}
		tasks, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*", p.PID))
		for _, task := range tasks {
			if n := numberIn(task+"/status", "voluntary_ctxt_switches"); n > waits {
				waits, writes = n, numberIn(task+"/io", "syscw")
			}
		}
	}
	return writes
}

// numberIn returns a number of a file of proc(5), zero if the thread has ended.
func numberIn(file, name string) (n int) {
	text, _ := os.ReadFile(file)
	for line := range strings.Lines(string(text)) {
		if value, ok := strings.CutPrefix(line, name+":"); ok {
			fmt.Sscan(value, &n)
		}
	}
	return n
}

// realtime checks for a scheduling policy other than the usual one.
func realtime(p testbed.Program) error {
	const fifo, roundRobin = 1, 2
	return want(p.Policies[fifo] || p.Policies[roundRobin], "a real-time policy", "%v", p.Policies)
}

// endsAfter checks how long after the link was cut a program ended.
func endsAfter(e *sighting, last time.Time, low, high time.Duration) error {
	if e.cut.IsZero() || last.IsZero() {
		return want(false, "1 MB and a cut", "%d bytes", bytesOf(e.packets))
	}
	return between("time from the cut to its end", last.Sub(e.cut), low, high)
}

// gaveUp checks that an end stopped sending data so long after the link was cut. The kernel sends what is not acknowledged again
// and again, after 0.2 s and then after twice the time, for as long as the socket is open.
func gaveUp(e *sighting, sent []testbed.Packet, low, high time.Duration) error {
	if e.cut.IsZero() || len(sent) == 0 {
		return want(false, "1 MB and a cut", "%d bytes", bytesOf(e.packets))
	}
	return between("time from the cut to its last data", sent[len(sent)-1].At.Sub(e.cut), low, high)
}

// hangsUp checks that the server began to close a connection so long after the link was cut.
func hangsUp(e *sighting, low, high time.Duration) error {
	for _, p := range e.packets {
		if p.Sent && p.FIN && !e.cut.IsZero() && p.At.After(e.cut) {
			return between("time from the cut to its FIN", p.At.Sub(e.cut), low, high)
		}
	}
	return want(false, "a cut and the server's FIN", "none in %d packets", len(e.packets))
}

// fewAnswers has the server's host lose three of four acknowledgements that come without data, so that they come late.
func fewAnswers(b *sweepBed) func() { return loseAcknowledgements(b, b.link.B) }

// fewAnswersOfClient is fewAnswers for a server that sends.
func fewAnswersOfClient(b *sweepBed) func() { return loseAcknowledgements(b, b.link.A) }

func loseAcknowledgements(b *sweepBed, n testbed.Netns) func() {
	empty := []string{"iptables", "-w", "-A", "OUTPUT", "-p", "tcp", "--tcp-flags", "SYN,FIN,RST,PSH,ACK", "ACK"}
	fourth := []string{"-m", "statistic", "--mode", "nth", "--every", "4", "--packet", "3", "-j", "ACCEPT"}
	for _, rule := range [][]string{fourth, {"-m", "length", "--length", "0:100", "-j", "DROP"}} {
		n.Command(b.t, empty[0], slices.Concat(empty[1:], rule)...)
	}
	return func() { n.Command(b.t, "iptables", "-w", "-F") }
}

// blockBySegment checks that no segment has parts of two blocks.
func blockBySegment(ps []testbed.Packet, length int64) error {
	var most float64
	for _, first := range ps[:min(10, len(ps))] { // the program may have begun with a block of another size
		most = max(most, share(ps, func(p testbed.Packet) bool {
			begin := (int64(int32(p.Seq-first.Seq))%length + length) % length
			return begin+int64(p.Size) <= length
		}))
	}
	return want(most > 0.9, "segments within a block", "%.0f %% of %d so, %s", 100*most, len(ps), some(ps, size))
}

// loseSecondSYN has the network lose the SYN of the second connection, which Linux sends again after a second.
func loseSecondSYN(b *sweepBed) func() {
	b.link.B.Command(b.t, "iptables", "-w", "-I", "INPUT", "-p", "tcp", "--syn", "-m", "statistic", "--mode", "nth", "--every", "2", "--packet", "1", "-j", "DROP")
	return func() { b.link.B.Command(b.t, "iptables", "-w", "-F") }
}

// unshaped lifts the limit on what the client's host sends, which splits packets that are larger than its burst.
func unshaped(b *sweepBed) func() {
	b.link.A.Command(b.t, "tc", "qdisc", "del", "dev", b.link.A.Dev, "root")
	return func() { b.link.A.Shape(b.t, "50mbit") }
}

// noAnswer has the server's host answer to nothing.
func noAnswer(b *sweepBed) func() {
	b.link.B.Command(b.t, "iptables", "-w", "-I", "INPUT", "-i", b.link.B.Dev, "-j", "DROP")
	return func() { b.link.B.Command(b.t, "iptables", "-w", "-F") }
}

// plainHeader reports whether data do not begin with iperf 2's flags for newer servers.
func plainHeader(p testbed.Packet) bool {
	const extended, version2 = 0x40000000, 0x04000000
	return len(p.Payload) < 4 || binary.BigEndian.Uint32(p.Payload)&(extended|version2) == 0 || p.Payload[0] >= '0' && p.Payload[0] <= '9'
}

// asksForPeer reports whether a flow's data begin with iperf 2's flags that ask for the server's version.
func asksForPeer(f *flow) bool {
	const peerDetect = 0x06
	for _, p := range f.up {
		if len(p.Payload) > 0 {
			return p.Payload[0]&peerDetect == peerDetect
		}
	}
	return false
}

func first(ps []testbed.Packet) []byte {
	if len(ps) == 0 {
		return nil
	}
	return ps[0].Payload[:min(16, len(ps[0].Payload))]
}

// The files that settings name, in a bed's folder: a text to send and what a server needs that wants a user.
const (
	filesOf     = "<files>"
	textFile    = filesOf + "/text"
	writtenFile = filesOf + "/written"
	publicFile  = filesOf + "/public.pem"
	privateFile = filesOf + "/private.pem"
	usersFile   = filesOf + "/users.csv"
)

// sweepKey is the server's.
var sweepKey = sync.OnceValues(func() (*rsa.PrivateKey, error) { return rsa.GenerateKey(rand.Reader, 2048) })

func known(x *iperf.Iperf) {
	x.Client.Username, x.Client.RSAPublicKeyPath = "u", publicFile
}

func authenticated(x *iperf.Iperf) {
	x.Server.RSAPrivateKeyPath, x.Server.AuthorizedUsersPath = privateFile, usersFile
}

// writeSweepFiles makes the files in a folder. The user is u, whose password is secret.
func writeSweepFiles(t *testing.T, dir string) {
	t.Helper()
	key, err := sweepKey()
	if err != nil {
		t.Fatal(err)
	}
	public, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string][]byte{
		textFile:    []byte(strings.Repeat("tuna sweep ", 4e6)),
		privateFile: pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)}),
		publicFile:  pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: public}),
		usersFile:   []byte("u," + passwordHash("u", "secret") + "\n"),
	} {
		if err := os.WriteFile(strings.Replace(name, filesOf, dir, 1), content, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

var authToken = regexp.MustCompile(`"authtoken":\s*("(?:[^"\\]|\\.)*")`)

// tokenIsPKCS1 decrypts the token by which the client tells who its user is.
func tokenIsPKCS1(e *sighting) error {
	key, err := sweepKey()
	if err != nil {
		return err
	}
	for _, p := range e.packets {
		m := authToken.FindSubmatch(p.Payload)
		if m == nil {
			continue
		}
		var text string
		if err := json.Unmarshal(m[1], &text); err != nil {
			return err
		}
		token, err := base64.StdEncoding.DecodeString(strings.ReplaceAll(text, "\n", ""))
		if err != nil {
			return err
		}
		// By hand, because package rsa has given up what this setting is about. Behind random bytes, the text is plain.
		plain := new(big.Int).Exp(new(big.Int).SetBytes(token), key.D, key.N).FillBytes(make([]byte, key.Size()))
		return want(plain[0] == 0 && plain[1] == 2 && bytes.Contains(plain, []byte("user: u\n")), "PKCS #1 v1.5", "%q", plain)
	}
	return want(false, "a token", "none")
}

// passwordHash returns what iperf 3 compares a password with.
func passwordHash(user, password string) string {
	return fmt.Sprintf("%x", sha256.Sum256([]byte("{"+user+"}"+password)))
}
