package native

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/tunaperf/tuna/internal/testbed"
)

// TestEndsAgree has both ends of every pair run every case, on a host of its own, and holds what they have counted against
// the kernel's counters there. The host has nothing but a loopback device, so both ends are on it.
func TestEndsAgree(t *testing.T) {
	for _, p := range pairs(t) {
		t.Run(p.client.name+" to "+p.server.name, func(t *testing.T) {
			t.Parallel()
			for _, c := range interopCases {
				if p.client.lacks(c.args) {
					continue
				}
				t.Run(c.name, func(t *testing.T) {
					t.Parallel()
					host := testbed.NewHost(t)
					kernel := host.Tally(t)
					server := p.server.in(host).server(t, "-1")
					e := p.client.in(host).client(t, server.port, append(caseArgs(t, c.args), "-J")...)
					if e.status != 0 || e.stderr != "" {
						t.Fatalf("client: status %d\n%s%s", e.status, e.stdout, e.stderr)
					}
					if s := server.wait(t); s.status != 0 || s.stderr != "" {
						t.Fatalf("server: status %d\n%s%s", s.status, s.stdout, s.stderr)
					}
					kernel.Stop()
					count := carriedBy(t, p.client, c.args, e.stdout)
					if strings.Contains(c.args, "-u") {
						count.checkDatagrams(t, host, kernel)
					} else {
						count.checkBytes(t, kernel)
					}
					if t.Failed() {
						t.Logf("client:\n%s\nserver:\n%s", e.stdout, server.wait(t).stdout)
					}
				})
			}
		})
	}
}

// carried is what the two ends have counted in both directions.
type carried struct {
	streams        int64
	joined         bool   // datagrams, which the kernel counts as one then
	sent, received amount // of what is sent, that of omitted time too
}

type amount struct{ bytes, datagrams, lost int64 }

// carriedBy reads a client's document.
func carriedBy(t *testing.T, client program, args, text string) (c carried) {
	t.Helper()
	var doc document
	if err := json.Unmarshal([]byte(text), &doc); err != nil {
		t.Fatal(err)
	}
	c.streams, c.joined = int64(len(doc.Start.Connected)), strings.Contains(args, "/10") || strings.Contains(args, "--gsro")
	if doc.End.SumSent == nil && client.minor > 0 && client.minor < 12 {
		doc.End.SumSent, doc.End.SumReceived = doc.End.Sum, doc.End.Sum // of UDP there is no more
	}
	sums := [][2]*jsonRow{{doc.End.SumSent, doc.End.SumReceived}}
	if strings.Contains(args, "--bidir") {
		sums = append(sums, [2]*jsonRow{doc.End.SumSentReverse, doc.End.SumReceivedReverse})
	}
	for _, s := range sums {
		if s[0] == nil || s[1] == nil {
			t.Fatalf("sent %+v, received %+v", s[0], s[1])
		}
		c.sent.add(s[0])
		c.received.add(s[1])
	}
	for _, interval := range doc.Intervals {
		if s := interval.Sum; s.Omitted != nil && *s.Omitted {
			c.sent.add(s)
		}
	}
	return c
}

func (t *amount) add(row *jsonRow) {
	t.bytes += row.Bytes
	if row.Packets != nil {
		t.datagrams += *row.Packets
	}
	if row.LostPackets != nil {
		t.lost += *row.LostPackets
	}
}

// controlBytes is more than a control connection carries.
const controlBytes = 16 << 10

// checkDatagrams holds the counts of a UDP test against the kernel's, which has two more of each stream: a stream begins
// with a datagram each way. A receiver has not counted what came after its end.
func (c carried) checkDatagrams(t *testing.T, host testbed.Netns, kernel *testbed.Witness) {
	t.Helper()
	if c.joined {
		if arrived := kernel.All(testbed.Datagrams); c.sent.bytes > arrived || c.sent.bytes < arrived-controlBytes {
			t.Errorf("the ends have sent %d bytes, the kernel %d", c.sent.bytes, arrived)
		}
		return
	}
	greetings := 2 * c.streams
	if sent := host.Counter(t, "Udp", "OutDatagrams") - greetings; c.sent.datagrams != sent {
		t.Errorf("the ends have sent %d datagrams, the kernel %d", c.sent.datagrams, sent)
	}
	late := c.sent.datagrams - c.received.datagrams
	in := host.Counter(t, "Udp", "InDatagrams") - greetings
	if got := c.received.datagrams - c.received.lost; got > in || got < in-late {
		t.Errorf("the ends have received %d datagrams, and may have missed %d; the kernel has given them %d", got, late, in)
	}
	if dropped := host.Counter(t, "Udp", "InErrors"); c.received.lost > dropped || c.received.lost < dropped-late {
		t.Errorf("the ends have lost %d datagrams, and may have missed %d; the kernel has dropped %d", c.received.lost, late, dropped)
	}
}

// checkBytes holds the counts of a TCP test against the kernel's, which has those of the control connection too. A receiver
// has not counted what it has read after its end.
func (c carried) checkBytes(t *testing.T, kernel *testbed.Witness) {
	t.Helper()
	if written := kernel.All(testbed.Written); c.sent.bytes > written || c.sent.bytes < written-controlBytes {
		t.Errorf("the ends have sent %d bytes; they have written %d to their sockets", c.sent.bytes, written)
	}
	late := c.sent.bytes - c.received.bytes
	if read := kernel.All(testbed.Streams); c.received.bytes > read || c.received.bytes < read-controlBytes-late {
		t.Errorf("the ends have received %d bytes, and may have missed %d; they have read %d from their sockets", c.received.bytes, late, read)
	}
}
