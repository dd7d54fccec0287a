package report

import (
	"bytes"
	"time"

	"github.com/tunaperf/tuna/iperf/report/internal/scan"
)

// parts are the numbers of a column such as "0/893", "0.430/0.022/25.644/2.468" or
// "0K(0)/319K(10)/24(12)". A row uses the same ones for all its columns.
type parts struct {
	n     [4]part
	count int
	plain bool // they are nothing but numbers
}

type part struct {
	scan.Decimal
	unit  byte // 'K' and the like; 0: none
	paren scan.Decimal
	pair  bool // it has a number in parentheses
}

// parse reads the column that b begins with and gives its length, 0 when it is no such column. The
// first scan.Decimal was read already, of that length.
func (p *parts) parse(b []byte, first scan.Decimal, length int) int {
	p.count, p.plain = 0, true
	v, n, i := first, length, length
	for n > 0 {
		q := &p.n[p.count]
		p.count++
		q.Decimal, q.unit, q.pair = v, 0, false
		if i < len(b) && b[i] != '/' && b[i] != ' ' {
			if scan.Units[b[i]].Ten > 0 {
				p.plain = false
				q.unit = b[i]
				i++
			}
			if i < len(b) && b[i] == '(' {
				v, n := scan.Number(b[i+1:])
				if n == 0 || i+n+1 >= len(b) || b[i+n+1] != ')' {
					return 0
				}
				p.plain = false
				q.paren, q.pair = v, true
				i += n + 2
			}
		}
		if i == len(b) || b[i] == ' ' || b[i] == '\t' {
			return i
		}
		if b[i] != '/' || p.count == len(p.n) {
			return 0
		}
		i++
		i += scan.Spaces(b[i:])
		if i < len(b) && b[i] == '(' {
			// "14K/(9)/5368(100)", of --bounceback
			n := bytes.Index(b[i:i+scan.Word(b[i:])], []byte(")/"))
			if n < 0 {
				return 0
			}
			p.plain = false
			i += n + len(")/")
		}
		v, n = scan.Number(b[i:])
		i += n
	}
	return 0
}

// parseAll reads b when it is such a column and nothing else.
func (p *parts) parseAll(b []byte) bool {
	v, n := scan.Number(b)
	return len(b) > 0 && p.parse(b, v, n) == len(b)
}

func (p *part) size() int64 { return p.Bytes(int(scan.Units[p.unit].Two)) }

// counts reports whether the first two are whole numbers. The first is negative where iperf 3 took
// datagrams for lost that came in another interval.
func (p *parts) counts() bool {
	const most = 1e18
	a, b := &p.n[0].Decimal, &p.n[1].Decimal
	return p.plain && a.Frac == 0 && b.Frac == 0 && b.Mant >= 0 && a.Mant > -most && a.Mant < most && b.Mant < most
}

// delays gives the mean, the least, the greatest and the deviation.
func (p *parts) delays(unit int) (LatencyStats, bool) {
	var d [4]time.Duration
	for i := range d {
		v, ok := p.n[i].Duration(unit)
		if !ok || p.n[i].Mant < 0 {
			return LatencyStats{}, false
		}
		d[i] = v
	}
	return LatencyStats{d[0], d[1], d[2], d[3]}, true
}
