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

// isCSVTime reports whether b is like 20261123054953, with milliseconds and a time zone where they
// are printed.
func isCSVTime(b []byte) bool {
	if i := bytes.IndexByte(b, ':'); i >= 0 {
		b = b[i+1:]
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
