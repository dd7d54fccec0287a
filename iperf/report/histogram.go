package report

import (
	"bytes"
	"fmt"
	"strings"
	"time"

	"github.com/tunaperf/tuna/iperf/report/internal/scan"
)

// A Histogram is how often a delay was of each length, as iperf 2 prints it with --histograms,
// --jitter-histograms and --bounceback. The numbers are those that it prints. The zero value of a
// field means that it was not printed, unless the field says otherwise.
type Histogram struct {
	// Name is iperf's name of the delay: T8 (of a datagram, one way), J8 (jitter), F8 (of a burst or
	// frame, one way), W8 (of a write), S8 (of a select before a write), BB8 (there and back), OWD-TX
	// and OWD-RX (one way, there and back). SUM stands before the name if it is of all streams.
	Name       string
	Start, End time.Duration // counted from the start of the test
	Final      bool          // of the whole test; it may have the same times as one that is not
	Width      time.Duration // of every bin
	Count      int64         // delays, with those outside of all bins; 0: there were none
	Bins       []Bin         // that have a delay, by their number
	// Percentiles are the bins that iperf prints for the lower and the upper limit of
	// --histograms=…, 5 and 95 unless set, and for 99.7 %, in the order of the line. They are empty if
	// there were no delays.
	Percentiles  []Percentile
	Outliers     int64         // delays that are far above the bins of nine in ten, as iperf counts them
	Below, Above int64         // delays that are in no bin: below 0, and above the last bin
	Max          time.Duration // the longest delay; 0: not printed
	MaxAt        time.Time     // when that was; zero: not printed
}

// A Bin is one bin of a Histogram. The first has number 1: it is of delays from 0 to the width. Bin n
// is of delays from n-1 widths up to n widths.
type Bin struct {
	Number int
	Count  int64 // delays
}

// A Percentile is the bin of a Histogram up to which that percentage of the delays were.
type Percentile struct {
	Percent float64
	Bin     int // its number; above the last bin if the delays are in none
}

// histogramMark stands behind the name of a histogram, and a space.
const histogramMark = "-PDF:"

// isHistogram reports whether what stands after the time of a row is a histogram.
func isHistogram(b []byte) bool { return bytes.Contains(b[:min(len(b), 40)], []byte(histogramMark)) }

// isHistogramPart reports whether a line can be the rest of a histogram.
func isHistogramPart(b []byte) bool {
	return scan.HasPrefix(b, "bin(w=") || scan.HasPrefix(b, "ms/") || len(b) > 1 && b[0] == '(' && b[1]-'0' <= 9
}

// parseHistogram reads "T8(f)-PDF: bin(w=100us):cnt(895)=1:894,2:1
// (5.00/95.00/99.7%=1/1/1,Outliers=0,obl/obu=0/0) (4.684 ms/1795897797.633091)". It returns false
// if the line is not complete.
func parseHistogram(b []byte) (h Histogram, ok bool) {
	at := bytes.Index(b, []byte(histogramMark))
	if at < 0 {
		return h, false
	}
	name := bytes.TrimSpace(b[:at])
	h.Name = string(bytes.TrimSuffix(name, []byte("(f)")))
	h.Final = len(h.Name) < len(name)
	p := histogramText{b: b[at+len(histogramMark):], ok: true}
	p.want(" bin(w=")
	width := p.number()
	switch {
	case p.skip("us):cnt("):
		h.Width, p.ok = width.Duration(scan.Microseconds)
	case p.skip("ms):cnt("):
		h.Width, p.ok = width.Duration(scan.Milliseconds)
	default:
		return h, false
	}
	h.Count = p.int()
	p.want(")")
	if p.skip("=") {
		for more := p.ok; more && p.ok; more = p.skip(",") {
			n := p.int()
			p.want(":")
			h.Bins = append(h.Bins, Bin{int(n), p.int()})
		}
	}
	p.want(" (")
	// "5.00/95.00/99.7%", without the last before 2.0.14, or "5.00/99.7/99.99/%"
	for p.ok && !p.skip("%") {
		n := p.number()
		h.Percentiles = append(h.Percentiles, Percentile{Percent: n.Float(0)})
		p.skip("/")
	}
	for i := range h.Percentiles {
		p.want([...]string{"=", "/"}[min(i, 1)])
		h.Percentiles[i].Bin = int(p.int())
	}
	p.want(",Outliers=")
	h.Outliers = p.int()
	p.want(",obl/obu=")
	h.Below = p.int()
	p.want("/")
	h.Above = p.int()
	p.want(")")
	if p.skip(" (") {
		n := p.number()
		p.want(" ms/")
		h.Max, _ = n.Duration(scan.Milliseconds)
		h.MaxAt = p.moment()
	}
	if h.Count == 0 {
		h.Percentiles = nil // the numbers are of no delay
	}
	return h, p.ok
}

// A histogramText is what of a histogram's line was not read yet.
type histogramText struct {
	b  []byte
	ok bool // all that was wanted was there
}

// skip passes over s. It returns false if the text does not begin with s.
func (p *histogramText) skip(s string) bool {
	if !p.ok || !scan.HasPrefix(p.b, s) {
		return false
	}
	p.b = p.b[len(s):]
	return true
}

func (p *histogramText) want(s string) { p.ok = p.skip(s) }

func (p *histogramText) number() scan.Decimal {
	n, length := scan.Number(p.b)
	p.ok = p.ok && length > 0
	p.b = p.b[length:]
	return n
}

// int reads a whole number that is not negative.
func (p *histogramText) int() int64 {
	n := p.number()
	p.ok = p.ok && n.Frac == 0 && n.Mant >= 0
	return n.Mant
}

// moment reads "1795897797.633091)", of which versions before 2.2 leave out zeros behind the point.
func (p *histogramText) moment() time.Time {
	seconds := p.digits()
	p.want(".")
	micros := p.digits()
	p.want(")")
	return time.Unix(seconds, micros*1000).UTC()
}

// digits reads a whole number up to a point or another mark.
func (p *histogramText) digits() int64 {
	n, length := scan.Int(p.b)
	p.ok = p.ok && length > 0
	p.b = p.b[length:]
	return n
}

// takeHistogram gives a histogram to the stream that it is of.
func (t *test) takeHistogram(row *row) {
	h := row.histogram
	counted := h.Below + h.Above
	for _, b := range h.Bins {
		counted = addBytes(counted, b.Count)
	}
	if counted != h.Count {
		t.warn(row.line, fmt.Sprintf("the histogram is of %d delays, its bins together of %d", h.Count, counted))
	}
	if t.discard() && !h.Final {
		return
	}
	if s := t.histogramStream(row, h.Name); s != nil {
		s.histograms = append(s.histograms, *h)
	}
}

// histogramStream returns the stream of a histogram, nil if none has its id. Its label has no star,
// so that of two directions its name tells which: a receiver measures how long traffic was on its
// way.
func (t *test) histogramStream(row *row, name string) (of *stream) {
	receives := strings.HasPrefix(strings.TrimPrefix(name, "SUM"), "T") || strings.Contains(name, "F8") || strings.Contains(name, "J8")
	for _, f := range t.flows {
		if f.key.class == classMixed || f.key.class == classMirror {
			continue
		}
		isReceived := f.key.class == classStar && t.connects != nil || f.key.class == classAccepted
		for _, s := range append(f.streams[:len(f.streams):len(f.streams)], &f.sum) {
			if isSum := s == &f.sum; isSum != (row.kind == labelSum) || !isSum && s.key.id != row.id {
				continue
			}
			if of == nil || isReceived == receives {
				of = s
			}
		}
	}
	return of
}
