package report

import (
	"bytes"

	"github.com/tunaperf/tuna/iperf/report/internal/scan"
)

// Mail and narrow terminals wrap long lines. A row without its end is held until the next line
// tells whether it goes on there. The columns that it can lack unnoticed are lost.

// isWrapped reports whether a row seems to go on in the next line: the datagrams after the jitter
// are missing, or it ends as lines do that mail has broken.
func (r *row) isWrapped(b []byte) bool {
	return b[len(b)-1] == '=' || r.delay >= 0 && !r.udp.Has.Has(Packets) && bytes.HasSuffix(bytes.TrimRight(b, " "), []byte(" ms"))
}

// unwrap returns the held row joined with b. If b does not belong to it, unwrap takes it as it is
// and returns b.
func (r *reader) unwrap(b []byte) (line []byte, whole bool) {
	held := bytes.TrimRight(r.held, " ")
	next := bytes.TrimLeft(b, " >\t")
	soft := bytes.HasSuffix(held, []byte("="))
	r.row.line = r.heldLine
	if len(next) > 0 && !bytes.Contains(next, []byte("[")) && !bytes.Contains(next, []byte(":")) &&
		(soft || next[0]-'0' <= 9 || next[0] == '(' || scan.HasPrefix(next, "sec ") || isUnit(next)) {
		joined := bytes.TrimSuffix(held, []byte("="))
		if soft {
			next = b // in the midst of a word, perhaps
		} else {
			joined = append(joined, ' ')
		}
		joined = append(joined, next...)
		r.held = r.held[:0]
		return joined, true
	}
	alone := bytes.Clone(r.held)
	r.held = r.held[:0]
	r.readText(alone, false, true)
	r.row.line = r.src.Lines
	return b, false
}

// isUnit reports whether b begins with a unit of an amount or a rate.
func isUnit(b []byte) bool {
	if len(b) > 0 && b[0] != 'b' && b[0] != 'B' {
		if scan.Units[b[0]].Ten == 0 {
			return false
		}
		b = b[1:]
	}
	return scan.HasPrefix(b, "bits/sec") || scan.HasPrefix(b, "Bytes")
}
