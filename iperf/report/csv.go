package report

import (
	"bytes"
	"math"
	"time"

	"github.com/tunaperf/tuna/iperf/report/internal/scan"
)

// csvLayout is what a test's CSV rows have told about their layout.
type csvLayout struct {
	seen    bool
	counted bool          // connections are counted from 1, as since iperf 2.1; before: ids are sockets
	sender  bool          // the sender's address comes first, as since iperf 2.0.14; before: this end's
	client  bool          // it has a row that only a client prints
	first   time.Duration // the end of the first row
	last    [40]byte      // the last row's time
	near    []csvEnds     // of the last rows, by the end of their ids
	hosts   [2]string     // the addresses of the first row that has both
	headers [][]csvColumn // by how many columns they name; nil: there are none
}

// columns returns the columns of a header that names n, nil if there is none.
func (l *csvLayout) columns(n int) []csvColumn {
	if l.headers == nil {
		return nil
	}
	return l.headers[n]
}

// readCSV recognises a row of iperf 2's CSV and hands it to its test. It returns false if b is
// none. title is what stands before the row on its line, and was found at that index; nil: nothing that names
// the program.
func (r *reader) readCSV(b []byte, cut bool, title []byte, titleAt int) bool {
	if len(b) > 0 && b[len(b)-1] == ' ' {
		b = bytes.TrimRight(b, " \t")
	}
	if len(b) < 20 || b[len("20261123054953")-1]-'0' > 9 {
		return false
	}
	f := &r.fields
	f.split(b)
	if f.n < 6 {
		return false
	}
	if at := f.at(0); len(at) == 0 || !bytes.Equal(at, r.time) {
		if !isCSVTime(at) {
			return false
		}
		r.time = append(r.time[:0], at...)
	}
	r.row.reset(r.src.Lines)
	if title != nil {
		r.tests.entitleRow(f, title, titleAt)
	}
	t := r.tests.beginRow()
	columns := t.csv.columns(f.n)
	if columns == nil && !cut && len(f.at(f.n-1)) == 0 {
		f.n-- // a comma that a spreadsheet has put at the end
		columns = t.csv.columns(f.n)
	}
	ok := r.row.parseCSV(f, cut, columns)
	if !ok || r.row.isJoined(f) {
		if r.readRows(b, cut) {
			return true
		}
		f.split(b)
	}
	e := t.knownEnds(&r.row, f)
	if ok && e == nil {
		r.tests.turnToHosts(f)
		t = r.tests.beginCSV()
	}
	r.tests.takeCSV(t, &r.row, f, e, ok, cut)
	return true
}

// isJoined reports whether a row may be several that have lost the end of their line: it has more columns than are known, or
// a rate that has the next row's time at its end.
func (r *row) isJoined(f *csvFields) bool {
	return r.rate >= 1e14 || f.n > 14 && r.tcp.Has == 0 && r.udp.Has == 0 && r.enh.Has == 0
}

// readRows reads the rows of CSV of a line that has something before them, or more than one. It returns false if
// there is nothing of that.
func (r *reader) readRows(b []byte, cut bool) bool {
	at, next := nextCSV(b, 0)
	if at < 0 || at == 0 && next == len(b) {
		return false
	}
	title, titleAt := titleOf(b[:at])
	if _, ok := countOf(title); ok {
		title = nil // of a line, perhaps
	}
	joined := next < len(b)
	if _, ok := nextItem(b[:at], 0); ok {
		title, joined = nil, true
		r.readText(b[:at], false, true)
	}
	for read := false; ; read = true {
		end := at + csvEnd(b[at:next])
		row := bytes.TrimRight(b[at:end], ", \t")
		if !r.readCSV(row, cut && end == len(b), title, titleAt) && !r.readCSVHeader(row) && !read {
			return false
		}
		if _, ok := nextItem(b[end:next], 0); ok {
			joined = true
			r.readText(b[end:next], cut && next == len(b), true)
		}
		if next == len(b) {
			break
		}
		at, next = nextCSV(b, next)
	}
	if t := r.tests.cur; joined && t != nil {
		t.warnSplit(r.row.line)
	}
	return true
}

// followsCSV reports whether a row is of a test that the same client began after this one was over:
// the traffic goes the same way, or on one port the other way, as it does with -R but not with -d
// or -r.
func (t *test) followsCSV(row *row, f *csvFields) bool {
	begun, over := csvStart(f.at(0), row.end), csvTime(bytes.TrimRight(t.csv.last[:], "\x00"))
	if f.n < 9 || begun.IsZero() || over.IsZero() || begun.Before(over) {
		return false
	}
	from, to := csvPorts(f)
	ends := [2]string{string(f.at(1)), string(f.at(3))}
	key := t.csvKeyOf(from, to, ends)
	for _, fl := range t.flows {
		if fl.key == key && fl.ends == ends {
			// Times are in whole seconds: a parallel stream that comes late began one before the others were
			// over.
			return begun.After(over) || t.lasted() > 1900*time.Millisecond
		}
	}
	if _, s := t.oppositeCSV(row.id, from, to); s != nil || !t.csv.sender || to == 0 {
		return false
	}
	for _, fl := range t.flows {
		if fl.key.port == key.port && fl.key.class != key.class && fl.ends == [2]string{ends[1], ends[0]} {
			return true
		}
	}
	return false
}

// lasted is how long the test's streams were, as far as their totals tell.
func (t *test) lasted() (d time.Duration) {
	for _, f := range t.flows {
		for _, s := range f.streams {
			if c := s.ownTotal(); c != nil {
				d = max(d, c.end)
			}
		}
	}
	return d
}

func csvPorts(f *csvFields) (from, to int) {
	if f.n < 9 {
		return 0, 0
	}
	a, _ := scan.Int(f.at(2))
	b, _ := scan.Int(f.at(4))
	return int(a), int(b)
}

// csvKey tells the direction of a row by its ports.
func csvKey(from, to int) flowKey {
	switch {
	case from == 0 && to == 0:
		return flowKey{class: classOnly}
	case from == defaultPort2, to != defaultPort2 && from != 0 && from < to, to == 0 && from != 0:
		return flowKey{class: classFromServer, port: from}
	}
	return flowKey{class: classToServer, port: to}
}

// csvKeyOf is csvKey for a row with those addresses. With -d the server connects to the same port
// at the client's address, which only the addresses tell.
func (t *test) csvKeyOf(from, to int, ends [2]string) flowKey {
	k := csvKey(from, to)
	if ends[0] == ends[1] {
		return k
	}
	for _, f := range t.flows {
		if f.key.class == k.class && f.key.port == k.port && f.ends == [2]string{ends[1], ends[0]} {
			k.back = !f.key.back
			break
		}
	}
	return k
}

// A csvEnds is what the addresses and ports of a row are, and the flow that they tell.
type csvEnds struct {
	text     []byte // the four columns
	from, to int
	ends     [2]string
	key      flowKey
	flows    int // how many there were
}

// keepEnds is of how many streams the ends are kept.
const keepEnds = 64

// knownEnds returns the ends of a row if an earlier row of its stream had them, nil if not.
func (t *test) knownEnds(row *row, f *csvFields) *csvEnds {
	if t.csv.near == nil || f.n < 9 {
		return nil
	}
	e := &t.csv.near[uint(row.id)%keepEnds]
	if e.flows != len(t.flows) || !bytes.Equal(e.text, f.line[f.begin[1]:f.begin[5]]) {
		return nil
	}
	return e
}

// endsOf returns the ends of a row.
func (t *test) endsOf(row *row, f *csvFields) *csvEnds {
	if f.n < 9 {
		return &csvEnds{key: t.csvKeyOf(0, 0, [2]string{})}
	}
	if t.csv.near == nil {
		t.csv.near = make([]csvEnds, keepEnds)
	}
	e := &t.csv.near[uint(row.id)%keepEnds]
	text := f.line[f.begin[1]:f.begin[5]]
	e.text, e.flows = append(e.text[:0], text...), len(t.flows)
	e.from, e.to = csvPorts(f)
	e.ends = [2]string{string(f.at(1)), string(f.at(3))}
	e.key = t.csvKeyOf(e.from, e.to, e.ends)
	return e
}

// parseCSV reads the columns that all layouts have.
func (r *row) parseCSV(f *csvFields, cut bool, columns []csvColumn) bool {
	short := f.n < 9 // iperf 2.0.4's server leaves the addresses out
	id := 5
	if short {
		id = f.n - 4
	}
	if id < 1 {
		return false
	}
	v, ok := f.number(id)
	if !ok || v.Frac != 0 || v.Mant < -9 || v.Mant > math.MaxInt32 {
		return false
	}
	r.id = int(v.Mant)
	if r.id < 0 {
		r.kind = labelSum
	}
	at := id + 1
	interval := f.at(at)
	from, n := scan.Number(interval)
	if n == 0 {
		return false
	}
	var to scan.Decimal
	if n == len(interval) {
		// The start and the end have columns of their own.
		at++
		if to, ok = f.number(at); !ok {
			return false
		}
	} else {
		rest := interval[n:]
		if rest[0] != '-' {
			return false
		}
		rest = rest[1:]
		rest = rest[scan.Spaces(rest):]
		var l int
		if to, l = scan.Number(rest); l == 0 || l != len(rest) {
			return false
		}
	}
	if at+2 >= f.n {
		return false
	}
	r.start, ok = from.Duration(scan.Seconds)
	var ok1 bool
	r.end, ok1 = to.Duration(scan.Seconds)
	amount, ok2 := f.number(at + 1)
	rate, ok3 := f.number(at + 2)
	if !ok || !ok1 || !ok2 || !ok3 || r.start < 0 {
		return false
	}
	r.bytes, r.rate = amount.Bytes(0), BitRate(rate.Float(0))
	r.decimals = to.Frac
	if cut && f.n == at+3 {
		// The rate may have lost digits: it must agree with the bytes.
		d := (r.end - r.start).Seconds()
		if d <= 0 || float64(r.rate) < 0.8*float64(r.bytes)*8/d {
			return false
		}
	}
	switch {
	case f.n == 14 && at == id+1:
		r.parseCSVLoss(f, cut)
	case columns != nil:
		r.parseNamed(f, 0, columns, cut)
	case f.n > at+3:
		r.parseNamed(f, at+3, f.unnamed(at+3), cut)
	}
	return true
}

// parseCSVLoss reads the columns jitter, lost, total, percent and out of order.
func (r *row) parseCSVLoss(f *csvFields, cut bool) {
	jitter, isJitter := f.number(9)
	lost, isLost := f.number(10)
	total, isTotal := f.number(11)
	r.hasBare = true // it has these columns, whatever is in them
	if isLost && isTotal && lost.Mant == 0 && total.Mant == -1 {
		r.by = 's' // "-nan,0,-1,-0.000,0": what a sender prints since 2.1
		return
	}
	if isLost && isTotal && lost.Frac == 0 && total.Frac == 0 && total.Mant >= 0 {
		r.udp.Has = Lost | Packets
		r.udp.Lost, r.udp.Packets = lost.Mant, total.Mant
	} else {
		r.dropped |= nonsenseLost
	}
	if d, ok := jitter.Duration(scan.Milliseconds); ok && isJitter && d >= 0 {
		r.udp.Has |= Jitter
		r.udp.Jitter = d
	} else {
		r.dropped |= nonsenseJitter
	}
	if v, n := scan.Int(f.at(13)); n > 0 && n == len(f.at(13)) && !cut {
		r.udp.Has |= OutOfOrder
		r.udp.OutOfOrder = v
	}
}

// csvRow gives a row to its stream.
func (t *test) csvRow(row *row, f *csvFields, e *csvEnds) {
	if t.rep.Start.IsZero() {
		t.rep.Start = csvStart(f.at(0), row.end)
	}
	copy(t.csv.last[:], f.at(0))
	row.dropUnmeasured()
	t.checkPacketRate(&row.cell)
	from, to := e.from, e.to
	if t.csv.hosts[0] == "" && from != 0 && to != 0 && e.ends[0] != "" && e.ends[1] != "" {
		t.csv.hosts = e.ends
	}
	if row.hasBare {
		t.rep.Protocol = ProtocolUDP
	} else if t.rep.Protocol == 0 {
		t.rep.Protocol = ProtocolTCP
	}
	if row.kind == labelSum {
		t.csvSum(row, from, to)
		return
	}
	if row.id < 3 {
		t.csv.counted, t.csv.sender = true, true
	}
	t.csv.sender = t.csv.sender || e.key.back || t.sendersCSV(row, f, e.key, from, to)
	if from != 0 && to == 0 && f.n >= 9 {
		t.csv.client = true // of --full-duplex: its own address is missing where it receives
	}
	// iperf 2.0 prints the server's report as a row of the same connection seen from the other end.
	if row.hasBare && !t.csv.sender && row.start == 0 {
		if g, s := t.oppositeCSV(row.id, from, to); s != nil && !g.bare && (s.holds || s.totals[totalOwn] != nil) {
			g.total(s, totalFar, &row.cell)
			return
		}
	}
	fl := t.flow(e.key)
	if len(fl.streams) == 0 {
		fl.ends = e.ends
	}
	fl.bare = fl.bare || row.hasBare
	switch row.by {
	case 's':
		fl.counts.sender = true
	case 'r':
		fl.counts.receiver = true
	}
	s := fl.stream(streamKey{row.id, from, to})
	fl.rowIperf2(s, &row.cell, false)
}

// csvSum gives a sum to the streams that it is of. Before 2.0.14 each direction of -d has its own:
// it has the port that this end connects to, or none.
func (t *test) csvSum(row *row, from, to int) {
	if row.udp.Jitter == 0 {
		row.udp.Has &^= Jitter // since 2.1.9 a sum has none
	}
	if !t.csv.sender && len(t.flows) > 1 {
		for _, f := range t.flows {
			c := f.key.class
			if to > 0 && c == classToServer && f.key.port == to || to == 0 && (c == classFromServer || c == classOnly) {
				f.rowIperf2(&f.sum, &row.cell, true)
				return
			}
		}
	}
	if len(t.flows) > 1 {
		row.tcp, row.udp, row.enh = TCP{}, UDP{}, Enhanced{} // of one direction, or of none
	}
	t.iperf2Sum(row)
}

// oppositeCSV finds the stream of the same connection whose rows have the ports the other way
// round.
func (t *test) oppositeCSV(id, from, to int) (*flow, *stream) {
	if from == to {
		return nil, nil
	}
	for _, f := range t.flows {
		if i, ok := f.index[streamKey{id, to, from}]; ok {
			return f, f.streams[i]
		}
	}
	return nil, nil
}

// leastEphemeral is the first port that Linux hands out to clients.
const leastEphemeral = 32768

// sendersCSV reports whether a row is of a version that has the sender's address first, of which
// only 2.0.14 has sockets for ids.
func (t *test) sendersCSV(row *row, f *csvFields, key flowKey, from, to int) bool {
	toServer := key.class == classToServer
	switch {
	case row.by == 's' || row.hasBare && toServer:
		return true // before, only a receiver has these columns, and prints its own port first
	case row.id == 3 && !row.hasBare && !toServer && f.n >= 9 && from < leastEphemeral:
		return true // a server's first socket is the one that listens
	case row.start > 0:
		return (row.end-row.start)*10 < t.csv.first*9 // before, no tail of a test is printed
	case f.n >= 9 && to == 0 && from != 0:
		return true // of --full-duplex, whose reverse direction has no address
	case t.csv.first == 0:
		t.csv.first = row.end
		return isUndated(f.at(0))
	}
	// Of --full-duplex both directions have the same ports.
	g, s := t.oppositeCSV(row.id, from, to)
	return s != nil && g.bare == row.hasBare
}
