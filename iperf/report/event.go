package report

import "time"

// An event is what one line of text says. It holds nothing of the lines before, and does not know
// which test it is of.
type event struct {
	kind    eventKind
	row     *row // eventRow, eventBadRow
	rowKind rowKind
	text    []byte // the line, valid until the next one is read
	line    int    // counted from 1
	cut     bool   // the line may have lost its end

	program string
	version string
	title   []byte        // what stands before a banner, if that is a name; valid until the next line is read
	titleAt int           // its index
	host    string        // that iperf 2's client connects to
	udp     bool          // of iperf 2's banners
	port    int           // that an end listens on or connects to; 0: not printed
	first   int           // the first port that iperf 2's server listens on
	last    int           // and the last one
	flows   int           // that iperf 2's client announces
	conn    conn          // eventConn
	start   time.Time     // of the connection; zero: not printed
	heading heading       // eventHeading
	wide    bool          // the heading is as wide as iperf 3's
	side    byte          // eventSide: 's' or 'r'
	above   bool          // the side stands above its total
	set     func(*Report) // eventSetting
	err     error         // eventFailure
}

type eventKind uint8

const (
	eventOther   eventKind = iota // not iperf's
	eventRow                      // row and rowKind
	eventBadRow                   // an interval whose numbers cannot be read
	eventHeading                  // the names of columns
	eventBursts                   // iperf 2's heading of bursts
	eventRule                     // the line that iperf 3 draws before its summary
	eventSide                     // the side of a total on a line of its own
	eventFailure                  // what iperf says of a failure
	eventOddity                   // what iperf says of its host, which does not end the test

	// Banners.
	eventConn         // "local … port … connected to … port …"
	eventConnecting3  // iperf 3's client begins
	eventListening3   // iperf 3's server waits
	eventAccepted3    // iperf 3's server begins
	eventReverse3     // iperf 3's client says that the server sends
	eventSummary3     // the totals follow, with -V
	eventServerOutput // the server's own text follows
	eventServerJSON   // the server's own document follows
	eventDone3        // iperf 3's client is done
	eventConnecting2  // iperf 2's client begins
	eventListening2   // iperf 2's server waits
	eventUsage        // the program's help
	eventVersion      // program and version
	eventSetting      // set enters it in the report
	eventKnown        // of iperf, but of no use
)

// isBanner reports whether the event is a banner, or one of the lines that belong to it.
func (e *event) isBanner() bool { return e.kind >= eventConn }

// beginsTest reports whether the event is the first of a program's output, as a rule.
func (e *event) beginsTest() bool {
	switch e.kind {
	case eventConnecting3, eventListening3, eventAccepted3, eventConnecting2, eventListening2, eventVersion:
		return true
	}
	return false
}
