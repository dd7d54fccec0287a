package iperf_test

import (
	"fmt"
	"maps"
	"math"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/tunaperf/tuna/internal/testbed"
	"github.com/tunaperf/tuna/iperf"
)

// A sighting is what was seen of one run of the sweep: on the wire, in the kernel and in what the ends printed.
type sighting struct {
	x       iperf.Iperf
	version iperf.Version
	res     *iperf.Result // nil: the run did not come so far
	err     error
	took    time.Duration // of the whole run

	packets        []testbed.Packet // at the server's end of the link
	clientSockets  []string         // lines of ss, of all samples
	serverSockets  []string
	clientIs       testbed.Program
	serverIs       testbed.Program
	receiverWrites int    // calls of write(2) of a UDP server's thread that receives
	client, server string // what they printed
	file           string // the content of the file that the server wrote
	sources        string // of multicast, in the server's kernel
	cut            time.Time
}

// A flow is a connection, or the datagrams between two ports.
type flow struct {
	client, server netip.AddrPort
	udp            bool
	byServer       bool // opened by the server
	up, down       []testbed.Packet
}

// flows returns all of them in the order in which they began. A connection without a SYN is of an earlier run on the bed: the
// kernel sends its last data again for minutes if the link was cut.
func (e *sighting) flows() []*flow {
	var all []*flow
	for _, p := range e.packets {
		c, s := p.Src, p.Dst
		if p.Sent {
			c, s = s, c
		}
		i := slices.IndexFunc(all, func(f *flow) bool { return f.client == c && f.server == s && f.udp == p.UDP })
		if i < 0 {
			i = len(all)
			all = append(all, &flow{client: c, server: s, udp: p.UDP, byServer: p.Sent})
		}
		if p.Sent {
			all[i].down = append(all[i].down, p)
		} else {
			all[i].up = append(all[i].up, p)
		}
	}
	opens := func(p testbed.Packet) bool { return p.SYN }
	return slices.DeleteFunc(all, func(f *flow) bool {
		return !f.udp && !slices.ContainsFunc(f.up, opens) && !slices.ContainsFunc(f.down, opens)
	})
}

// tests returns the flows of the test: without iperf 3's control connection, which is the first one.
func (e *sighting) tests() []*flow {
	all := e.flows()
	if e.version.Major >= 3 {
		if i := slices.IndexFunc(all, func(f *flow) bool { return !f.udp }); i >= 0 {
			all = slices.Delete(all, i, i+1)
		}
	}
	return slices.DeleteFunc(all, func(f *flow) bool { return f.client.Port() == 0 })
}

// data returns the packets of a way that carry test data. The cookie of iperf 3's streams and the datagrams by which it
// connects are no data.
func (e *sighting) data(down bool) (all []testbed.Packet) {
	const cookie = 37
	for _, f := range e.tests() {
		way := f.up
		if down {
			way = f.down
		}
		for _, p := range way {
			if p.Size > cookie || p.Size > 0 && e.version.Major < 3 {
				all = append(all, p)
			}
		}
	}
	slices.SortStableFunc(all, func(a, b testbed.Packet) int { return a.At.Compare(b.At) })
	return all
}

func (e *sighting) up() []testbed.Packet   { return e.data(false) }
func (e *sighting) down() []testbed.Packet { return e.data(true) }

// back returns the packets with data of connections that the server opened.
func (e *sighting) back() (all []testbed.Packet) {
	for _, f := range e.tests() {
		if f.byServer {
			all = append(all, slices.DeleteFunc(slices.Clone(f.down), func(p testbed.Packet) bool { return p.Size == 0 })...)
		}
	}
	return all
}

// fromClient returns all packets that the client's host sent for the test, those without data too.
func (e *sighting) fromClient() (all []testbed.Packet) {
	for _, f := range e.tests() {
		all = append(all, f.up...)
	}
	return all
}

func (e *sighting) fromServer() (all []testbed.Packet) {
	for _, f := range e.tests() {
		all = append(all, f.down...)
	}
	return all
}

// streamBytes returns how many bytes of streams went a way. Those that were sent again count once.
func (e *sighting) streamBytes(down bool) (total int64) {
	for _, f := range e.tests() {
		way := f.up
		if down {
			way = f.down
		}
		var sum, most int64
		first, begun := uint32(0), false
		for _, p := range way {
			if p.Size == 0 {
				continue
			}
			if !begun {
				first, begun = p.Seq, true
			}
			sum += int64(p.Size)
			most = max(most, int64(int32(p.Seq-first))+int64(p.Size))
		}
		if f.udp {
			total += sum
		} else {
			total += most
		}
	}
	return total
}

func bytesOf(ps []testbed.Packet) (sum int64) {
	for _, p := range ps {
		sum += int64(p.Size)
	}
	return sum
}

func span(ps []testbed.Packet) time.Duration {
	if len(ps) == 0 {
		return 0
	}
	return ps[len(ps)-1].At.Sub(ps[0].At)
}

// rate returns the rate of payload in bits per second.
func rate(ps []testbed.Packet) float64 {
	if span(ps) == 0 {
		return 0
	}
	return 8 * float64(bytesOf(ps)) / span(ps).Seconds()
}

// bursts parts packets where nothing passed for a time.
func bursts(ps []testbed.Packet, gap time.Duration) (all [][]testbed.Packet) {
	for i, p := range ps {
		if i == 0 || p.At.Sub(ps[i-1].At) >= gap {
			all = append(all, nil)
		}
		last := &all[len(all)-1]
		*last = append(*last, p)
	}
	return all
}

// variation returns the standard deviation of numbers in relation to their mean.
func variation(all []float64) float64 {
	var sum, squares float64
	for _, f := range all {
		sum += f
		squares += f * f
	}
	n := float64(len(all))
	if n == 0 || sum == 0 {
		return 0
	}
	mean := sum / n
	return math.Sqrt(max(0, squares/n-mean*mean)) / mean
}

// windows returns the bytes of each whole window of packets.
func windows(ps []testbed.Packet, length time.Duration) (all []float64) {
	if len(ps) == 0 {
		return nil
	}
	all = make([]float64, span(ps)/length)
	for _, p := range ps {
		if i := int(p.At.Sub(ps[0].At) / length); i < len(all) {
			all[i] += float64(p.Size)
		}
	}
	return all
}

// biggest returns the largest payload of a segment or datagram.
func biggest(ps []testbed.Packet) (most int) {
	for _, p := range ps {
		if p.Segment > 0 {
			most = max(most, p.Segment)
		} else {
			most = max(most, p.Size)
		}
	}
	return most
}

// share returns which part of packets something is true of; none of none.
func share(ps []testbed.Packet, is func(testbed.Packet) bool) float64 {
	if len(ps) == 0 {
		return 0
	}
	n := 0
	for _, p := range ps {
		if is(p) {
			n++
		}
	}
	return float64(n) / float64(len(ps))
}

// some returns the values that packets have, for messages.
func some[T comparable](ps []testbed.Packet, of func(testbed.Packet) T) string {
	counts := map[T]int{}
	for _, p := range ps {
		counts[of(p)]++
	}
	all := slices.SortedFunc(maps.Keys(counts), func(a, b T) int { return counts[b] - counts[a] })
	var text []string
	for _, v := range all[:min(4, len(all))] {
		text = append(text, fmt.Sprintf("%v in %d", v, counts[v]))
	}
	if text == nil {
		return "no packet"
	}
	return strings.Join(text, ", ")
}

// syns returns what opened connections of the test.
func (e *sighting) syns(byServer bool) (all []testbed.Packet) {
	for _, p := range e.packets {
		if p.SYN && !p.ACK && p.Sent == byServer {
			all = append(all, p)
		}
	}
	return all
}

// want returns nil if what was expected was seen, and else both.
func want(ok bool, expected string, seen string, arg ...any) error {
	if ok {
		return nil
	}
	return fmt.Errorf("want %s, saw %s", expected, fmt.Sprintf(seen, arg...))
}

func between[T int | int64 | float64 | time.Duration](what string, got, low, high T) error {
	return want(got >= low && got <= high, fmt.Sprintf("%s from %v to %v", what, low, high), "%v", got)
}

// says looks for a text that an end printed.
func says(output, text string) error {
	return want(strings.Contains(output, text), fmt.Sprintf("%q printed", text), "at the end %q", output[max(0, len(output)-300):])
}

func saysNot(output, text string) error {
	return want(output != "" && !strings.Contains(output, text), fmt.Sprintf("no %q printed", text), "%.300q", output)
}

func anyLine(lines []string, texts ...string) bool {
	return slices.ContainsFunc(lines, func(line string) bool {
		return !slices.ContainsFunc(texts, func(text string) bool { return !strings.Contains(line, text) })
	})
}

// socket looks for a socket of which ss prints all the texts.
func socket(lines []string, texts ...string) error {
	var last string
	if len(lines) > 0 {
		last = lines[len(lines)-1]
	}
	return want(anyLine(lines, texts...), fmt.Sprintf("a socket with %q", texts), "%d lines such as %q", len(lines), last)
}
