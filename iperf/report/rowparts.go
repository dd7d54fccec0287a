package report

import (
	"bytes"
	"time"
)

// parts are the numbers of a column such as "0K(0)/319K(10)/24(12)".
type parts struct {
	n     [4]part
	count int
}

type part struct {
	number
	unit  byte // 'K' and the like; 0: none
	paren number
	pair  bool // it has a number in parentheses
}

func (p *parts) parse(b []byte) bool {
	for p.count < len(p.n) {
		b = b[spaces(b):]
		if len(b) > 0 && b[0] == '(' {
			// "14K/(9)/5368(100)", of --bounceback
			i := bytes.Index(b, []byte(")/"))
			if i < 0 {
				return false
			}
			b = b[i+len(")/"):]
		}
		v, n := parseNumber(b)
		if n == 0 {
			return false
		}
		q := part{number: v}
		b = b[n:]
		if len(b) > 0 {
			if _, _, ok := prefix(b[0]); ok {
				q.unit = b[0]
				b = b[1:]
			}
		}
		if len(b) > 0 && b[0] == '(' {
			v, n := parseNumber(b[1:])
			if n == 0 || n+1 >= len(b) || b[n+1] != ')' {
				return false
			}
			q.paren, q.pair = v, true
			b = b[n+2:]
		}
		p.n[p.count] = q
		p.count++
		if len(b) == 0 {
			return true
		}
		if b[0] != '/' {
			return false
		}
		b = b[1:]
	}
	return false
}

func (p *part) size() int64 {
	shift := 0
	if p.unit != 0 {
		_, shift, _ = prefix(p.unit)
	}
	return p.bytes(shift)
}

// counts reads two whole numbers such as "0/893". The first is negative where iperf 3 took datagrams for lost that came
// in another interval.
func counts(tok []byte) (a, b int64, ok bool) {
	sign := int64(1)
	if len(tok) > 0 && tok[0] == '-' {
		sign = -1
		tok = tok[1:]
	}
	a, n := parseInt(tok)
	if n == 0 || n == len(tok) || tok[n] != '/' {
		return 0, 0, false
	}
	tok = tok[n+1:]
	tok = tok[spaces(tok):]
	b, n = parseInt(tok)
	return sign * a, b, n > 0 && n == len(tok)
}

// delays reads the mean, the least, the greatest and the deviation, "0.430/0.022/25.644/2.468".
func delays(tok []byte, unit int) (LatencyStats, bool) {
	var d [4]time.Duration
	for i := range d {
		if i > 0 {
			if len(tok) == 0 || tok[0] != '/' {
				return LatencyStats{}, false
			}
			tok = tok[1:]
			tok = tok[spaces(tok):]
		}
		n, length := parseNumber(tok)
		var ok bool
		if d[i], ok = n.duration(unit); length == 0 || n.mant < 0 || !ok {
			return LatencyStats{}, false
		}
		tok = tok[length:]
	}
	return LatencyStats{d[0], d[1], d[2], d[3]}, len(tok) == 0
}
