package report

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tunaperf/tuna/iperf/report/internal/lines"
)

// The events of the sequences. A port of 1111 or more is a client's.

func client2(host string, port int) event {
	return event{kind: eventConnecting2, host: host, port: port}
}

func server2(port int) event {
	return event{kind: eventListening2, port: port, first: port, last: port}
}

func conn2(id int, here string, local int, there string, remote int) event {
	return event{kind: eventConn, conn: conn{id: id, here: here, local: local, there: there, remote: remote}}
}

func client3(port int, title string) event {
	return event{kind: eventConnecting3, port: port, title: []byte(title), text: []byte(title)}
}

func conn3(id, local, remote int) event {
	return event{kind: eventConn, conn: conn{id: id, local: local, remote: remote, to: true}}
}

// interval2 is a row of iperf 2, which may be a total if it begins at 0.
func interval2(id int, from, to float64) event {
	r := &row{label: label{id: id}, decimals: 1, delay: -1}
	r.start, r.end = time.Duration(from*float64(time.Second)), time.Duration(to*float64(time.Second))
	r.bytes, r.rate = int64(1e6*(to-from)), 8e6
	return event{kind: eventRow, row: r, rowKind: rowData}
}

func sum2(from, to float64, streams int64) event {
	e := interval2(0, from, to)
	e.row.kind = labelSum
	e.row.bytes *= streams
	return e
}

// interval3 is a row of iperf 3, total3 one with the side of its total.
func interval3(id int, from, to float64) event {
	e := interval2(id, from, to)
	e.row.decimals, e.row.padded = 2, true
	return e
}

func total3(id int, to float64, by byte) event {
	e := interval3(id, 0, to)
	e.row.by = by
	return e
}

// of puts a title before the line of an event.
func of(title string, e event) event {
	e.text = []byte(title)
	return e
}

func only(kind eventKind) event { return event{kind: kind} }

const (
	us, them, other = "192.0.2.2", "192.0.2.1", "192.0.2.9"
)

// TestSegmenter checks which tests the events of a sequence are of.
func TestSegmenter(t *testing.T) {
	repeated := func(n int, e event) (events []event) {
		for range n {
			events = append(events, e)
		}
		return events
	}
	tests := []struct {
		name   string
		events []event
		want   []string
	}{
		{"one client", []event{
			client2(them, 5001), conn2(3, us, 1111, them, 5001), interval2(3, 0, 1), interval2(3, 1, 2), interval2(3, 0, 2),
		}, []string{"iperf client: 3 0-1 1-2 sent 0-2"}},
		{"a client after another", []event{
			client2(them, 5001), conn2(3, us, 1111, them, 5001), interval2(3, 0, 2),
			client2(them, 5001), conn2(3, us, 1112, them, 5001), interval2(3, 0, 2),
		}, []string{"iperf client: 3 sent 0-2", "iperf client: 3 sent 0-2"}},
		{"a client that was cut, and another", []event{
			client2(them, 5001), conn2(3, us, 1111, them, 5001), interval2(3, 0, 2), interval2(3, 2, 4), interval2(3, 0, 4),
			client2(other, 5001), conn2(3, us, 1112, other, 5001), interval2(3, 0, 2), interval2(3, 2, 4),
		}, []string{"iperf client: 3 0-2 2-4 sent 0-4", "iperf client: 3 0-2 2-4"}},
		{"parallel streams", []event{
			client2(them, 5001), conn2(3, us, 1111, them, 5001), conn2(4, us, 1112, them, 5001),
			interval2(3, 0, 2), interval2(4, 0, 2), sum2(0, 2, 2),
		}, []string{"iperf client: 3 sent 0-2, 4 sent 0-2"}},
		{"both ways in turn", []event{
			server2(5001), client2(them, 5001), conn2(3, us, 1111, them, 5001), interval2(3, 0, 2),
			conn2(4, us, 5001, them, 1112), interval2(4, 0, 2),
		}, []string{"iperf client: 3 sent 0-2; back 4 received 0-2"}},
		{"both ways in turn, with a late banner", []event{
			client2(them, 5001), conn2(3, us, 1111, them, 5001), interval2(3, 0, 2),
			server2(5001), conn2(4, us, 5001, them, 1112), interval2(4, 0, 2),
		}, []string{"iperf client: 3 sent 0-2; back 4 received 0-2"}},
		{"a server after a client", []event{
			client2(them, 5001), conn2(3, us, 1111, them, 5001), interval2(3, 0, 2),
			server2(5001), conn2(4, us, 5001, other, 1112), interval2(4, 0, 2),
		}, []string{"iperf client: 3 sent 0-2", "iperf server: 4 received 0-2"}},
		{"a banner without a connection, at the end", []event{
			client2(them, 5001), conn2(3, us, 1111, them, 5001), interval2(3, 0, 2), server2(5001),
		}, []string{"iperf client: 3 sent 0-2"}},
		{"a held banner with more lines than one has", append(append([]event{
			client2(them, 5001), conn2(3, us, 1111, them, 5001), interval2(3, 0, 2), server2(5001),
		}, repeated(3*maxHeld, only(eventKnown))...), conn2(4, us, 5001, them, 1112), interval2(4, 0, 2)),
			[]string{"iperf client: 3 sent 0-2; back 4 received 0-2"}},
		{"a held banner, and rows without a connection", []event{
			client2(them, 5001), conn2(3, us, 1111, them, 5001), interval2(3, 0, 2), server2(5001), interval2(4, 0, 2),
		}, []string{"iperf client: 3 sent 0-2", "iperf server: 4 received 0-2"}},
		{"a server's clients in turn", []event{
			server2(5001), conn2(4, us, 5001, them, 1111), interval2(4, 0, 2), conn2(5, us, 5001, them, 1112), interval2(5, 0, 2),
		}, []string{"iperf server: 4 received 0-2", "iperf server: 5 received 0-2"}},
		{"a client that comes late to its own test", []event{
			server2(5001), conn2(4, us, 5001, them, 1111), interval2(4, 0, 2), conn2(5, us, 5001, them, 1112),
			interval2(4, 2, 4), interval2(5, 0, 2), interval2(5, 2, 4), interval2(4, 0, 4), interval2(5, 0, 4),
		}, []string{"iperf server: 4 0-2 2-4 received 0-4, 5 0-2 2-4 received 0-4"}},
		{"short streams, told by their sum to be of one test", []event{
			server2(5001), conn2(4, us, 5001, them, 1111), interval2(4, 0, 0.2), conn2(5, us, 5001, them, 1112), interval2(5, 0, 0.2),
			sum2(0, 0.2, 2),
		}, []string{"iperf server: 4 received 0-0.2, 5 received 0-0.2"}},
		{"short streams, told by their sum to be of two tests", []event{
			server2(5001), conn2(4, us, 5001, them, 1111), interval2(4, 0, 0.2), conn2(5, us, 5001, them, 1112), interval2(5, 0, 0.2),
			sum2(0, 0.2, 7),
		}, []string{"iperf server: 4 received 0-0.2", "iperf server: 5 received 0-0.2"}},
		{"both ends of a connection", []event{
			client2(them, 5001), conn2(3, them, 1111, them, 5001), interval2(3, 0, 2), conn2(4, them, 5001, them, 1111), interval2(4, 0, 2),
		}, []string{"iperf client: 3 sent 0-2", "iperf server: 4 received 0-2"}},
		{"rows of which the line before the totals tells the program", []event{
			interval2(3, 0, 1), interval2(3, 1, 2), only(eventRule), {kind: eventHeading, heading: headingPlain}, interval2(3, 0, 2),
		}, []string{"iperf3 unknown: 3 0-1 1-2 unlabelled 0-2"}},
		{"iperf 3's client", []event{
			client3(5201, ""), conn3(5, 1111, 5201), interval3(5, 0, 1), total3(5, 1, 's'), total3(5, 1, 'r'), only(eventDone3),
		}, []string{"iperf3 client: 5 0-1 sent 0-1 received 0-1"}},
		{"iperf 3's server, twice", []event{
			{kind: eventListening3, port: 5201}, only(eventAccepted3), conn3(5, 5201, 1111), interval3(5, 0, 1), total3(5, 1, 'r'),
			{kind: eventListening3, port: 5201}, only(eventAccepted3), conn3(5, 5201, 1112), interval3(5, 0, 1), total3(5, 1, 'r'),
			{kind: eventListening3, port: 5201},
		}, []string{"iperf3 server: 5 0-1 received 0-1", "iperf3 server: 5 0-1 received 0-1"}},
		{"totals that are there already", []event{
			interval3(5, 0, 1), total3(5, 1, 's'), total3(5, 2, 's'),
		}, []string{"iperf3 unknown: 5 0-1 sent 0-1", "iperf3 unknown: 5 sent 0-2"}},
		{"the server's output within the client's", []event{
			client3(5201, ""), conn3(5, 1111, 5201), interval3(5, 0, 1), total3(5, 1, 's'), only(eventServerOutput),
			conn3(6, 5201, 1111), interval3(6, 0, 1), total3(6, 1, 'r'), only(eventDone3),
		}, []string{"iperf3 client: 5 0-1 sent 0-1 (peer iperf3 server: 6 0-1 received 0-1)"}},
		{"two clients whose lines have titles", []event{
			client3(5201, "a: "), client3(5202, "b: "), of("a: ", conn3(5, 1111, 5201)), of("b: ", conn3(6, 1112, 5202)),
			of("a: ", interval3(5, 0, 1)), of("b: ", interval3(6, 0, 1)), of("b: ", total3(6, 1, 's')), of("a: ", total3(5, 1, 's')),
		}, []string{"iperf3 client: 5 0-1 sent 0-1", "iperf3 client: 6 0-1 sent 0-1"}},
		{"a failure between two tests", []event{
			client2(them, 5001), conn2(3, us, 1111, them, 5001), interval2(3, 0, 2),
			{kind: eventFailure, err: ErrInterrupted}, client2(other, 5001), conn2(3, us, 1112, other, 5001), interval2(3, 0, 2),
		}, []string{"iperf client: 3 sent 0-2 failed", "iperf client: 3 sent 0-2"}},
		{"nothing of iperf's", repeated(3, only(eventOther)), []string{"- unknown: not understood"}},
		{"nothing", nil, []string{"- unknown: none"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := segmenter{p: new(options), src: lines.New(strings.NewReader("")), all: true}
			for i := range tt.events {
				s.turnTo(tt.events[i].text)
				s.take(&tt.events[i])
				s.endDone()
			}
			var got []string
			for u := s.next(); u != nil; u = s.next() {
				rep, err := u.finish()
				got = append(got, outline(rep, err))
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

// outline is the streams of a report with the times of their rows.
func outline(rep *Report, err error) string {
	var b strings.Builder
	if b.WriteString(rep.Program); rep.Program == "" {
		b.WriteString("-")
	}
	fmt.Fprintf(&b, " %v:", rep.Role)
	streams := func(f *Flow) {
		for i, st := range f.Streams {
			if i > 0 {
				b.WriteString(",")
			}
			fmt.Fprintf(&b, " %d", st.ID)
			for _, in := range st.Intervals {
				fmt.Fprintf(&b, " %v-%v", in.Start.Seconds(), in.End.Seconds())
			}
			for _, total := range []struct {
				name string
				of   *Total
			}{{"sent", st.Sent}, {"received", st.Received}, {"unlabelled", st.Unlabelled}} {
				if total.of != nil {
					fmt.Fprintf(&b, " %s %v-%v", total.name, total.of.Start.Seconds(), total.of.End.Seconds())
				}
			}
		}
	}
	if rep.Forward != nil {
		streams(rep.Forward)
	}
	if rep.Reverse != nil {
		b.WriteString("; back")
		streams(rep.Reverse)
	}
	if rep.Peer != nil {
		fmt.Fprintf(&b, " (peer %s)", outline(rep.Peer, nil))
	}
	switch {
	case rep.Err != nil:
		b.WriteString(" failed")
	case errors.Is(err, ErrNotUnderstood):
		b.WriteString(" not understood")
	case rep.Forward == nil && rep.Reverse == nil:
		b.WriteString(" none")
	}
	return b.String()
}
