package report

import (
	"bytes"
	"encoding/binary"
	"math/bits"
	"time"

	"github.com/tunaperf/tuna/iperf/report/internal/scan"
)

const maxFields = 64

// csvFields are the fields of a line of CSV: where each begins, as pointers to them would be work
// for the collector.
type csvFields struct {
	line  []byte
	n     int
	begin [maxFields + 1]int32
}

func (f *csvFields) at(i int) []byte { return f.line[f.begin[i] : f.begin[i+1]-1] }

// number gives a field that is a number and nothing else.
func (f *csvFields) number(i int) (n scan.Decimal, ok bool) {
	b := f.at(i)
	n, length := scan.Number(b)
	return n, length > 0 && length == len(b)
}

// split takes a line. The last field has what there is no room for.
func (f *csvFields) split(b []byte) {
	const (
		commas = 0x2c2c2c2c2c2c2c2c
		low    = 0x7f7f7f7f7f7f7f7f
	)
	n, i := 0, 0
	// Eight bytes at a time: of those that are commas, and only of those, the top bit is left.
	for ; i+8 <= len(b) && n < maxFields-8; i += 8 {
		x := binary.LittleEndian.Uint64(b[i:]) ^ commas
		for found := ^(x&low + low | x | low); found != 0; found &= found - 1 {
			n++
			f.begin[n] = int32(i + bits.TrailingZeros64(found)/8 + 1)
		}
	}
	for ; i < len(b) && n < maxFields-1; i++ {
		if b[i] == ',' {
			n++
			f.begin[n] = int32(i + 1)
		}
	}
	f.n = n + 1
	f.begin[f.n] = int32(len(b) + 1)
	f.line = b
}

// nextCSV returns where the first row of CSV, or its header, begins in b at or after from, and where the one after it does. The
// first is negative if there is none, and the second is the length of b then.
func nextCSV(b []byte, from int) (at, next int) {
	at, next = -1, len(b)
	for i := from; ; {
		n := bytes.IndexByte(b[i:], ',')
		if n < 0 {
			return at, next
		}
		i += n
		if begin := csvBefore(b, from, i); begin >= 0 && at >= 0 {
			return at, begin
		} else if begin >= 0 {
			at, from = begin, i
		}
		i++
	}
}

// csvBefore returns where the row or the header begins that has its first comma at that index of b, -1 if that is none.
func csvBefore(b []byte, from, comma int) int {
	if begin := comma - len("time"); begin >= from && scan.HasPrefix(b[begin:], csvHeader) {
		return begin
	}
	end := comma
	for end > from && b[end-1]-'0' <= 9 {
		end--
	}
	if end == from || b[end-1] != '.' {
		end = comma + 1 // no fraction of a second
	}
	begin := end - 1 - len("20261123054953")
	if begin < from || !isMoment(b[begin:end-1]) || !isCSVRest(b[comma+1:]) {
		return -1
	}
	if zone := begin - len("-0600:"); zone >= from && isCSVZone(b[zone:begin]) {
		return zone
	}
	return begin
}

// isCSVRest reports whether what follows the time of a row may be the rest of it: an address or nothing, and four columns.
func isCSVRest(b []byte) bool {
	for n := range 5 {
		end := bytes.IndexByte(b, ',')
		if end < 0 {
			return n == 4
		}
		if n == 0 && end > 0 && !bytes.ContainsAny(b[:end], ".:") {
			return false
		}
		b = b[end+1:]
	}
	return true
}

// isMoment reports whether 14 digits may be the time of a row.
func isMoment(b []byte) bool {
	for _, c := range b {
		if c-'0' > 9 {
			return false
		}
	}
	two := func(i int) int { return int(b[i]-'0')*10 + int(b[i+1]-'0') }
	return (two(0) == 19 || two(0) == 20) && two(4) <= 12 && two(6) <= 31 && two(8) < 24 && two(10) < 60 && two(12) <= 60
}

// isCSVZone reports whether b is like "-0600:".
func isCSVZone(b []byte) bool {
	if len(b) != len("-0600:") || b[0] != '+' && b[0] != '-' || b[5] != ':' {
		return false
	}
	_, n := scan.Int(b[1:])
	return n == 4
}

// csvEnd returns where the row that b begins with ends: before what a string or a list has after it, before another line, or at
// the end of b.
func csvEnd(b []byte) int {
	for i, c := range b {
		switch {
		case (c == ' ' || c == '\t') && i > 0 && b[i-1] != '-', // "0.0- 1.0"
			c == '-' && i+1 < len(b) && b[i+1] == '-',
			bytes.IndexByte([]byte("\"'`\\<>|(){}[];"), c) >= 0:
			return i
		}
	}
	return len(b)
}

// isCSVTime reports whether b is like 20261123054953, with milliseconds and a time zone where they
// are printed.
func isCSVTime(b []byte) bool {
	if zone := len("-0600:"); len(b) > zone && isCSVZone(b[:zone]) {
		b = b[zone:]
	}
	if len(b) < 14 {
		return false
	}
	for i, c := range b {
		if c-'0' > 9 && (i < 14 || c != '.') {
			return false
		}
	}
	return true
}

// isUndated reports whether b is the time 0, in some time zone: what iperf 2.0.14 and later print
// of a test without intervals.
func isUndated(b []byte) bool {
	at, err := time.Parse("20060102150405", string(b[:min(len(b), 14)]))
	return err == nil && at.Unix()%(15*60) == 0 && max(at.Unix(), -at.Unix()) <= 14*60*60
}

// csvTime gives the moment that a row is from. The versions that print 1970 do not know it.
func csvTime(b []byte) time.Time {
	layout := "20060102150405"
	if bytes.IndexByte(b, ':') >= 0 {
		layout = "-0700:" + layout
	}
	at, err := time.Parse(layout, string(b))
	if err != nil || at.Year() < 1980 {
		return time.Time{}
	}
	return at
}

// csvStart gives the moment at which the test of a row began, to the second where the row's own is.
func csvStart(b []byte, since time.Duration) time.Time {
	at := csvTime(b)
	if at.IsZero() {
		return at
	}
	if at.Nanosecond() == 0 {
		since = since.Round(time.Second)
	}
	return at.Add(-since)
}
