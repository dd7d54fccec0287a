package evidence

import (
	"iter"
	"strconv"
	"strings"
	"time"
)

// A section is one part of a command's output: a line such as "-- link eth0", and the lines up to
// the next one.
type section struct {
	name string // "link"; empty: the lines before the first section
	arg  string // "eth0"
	text string
}

// sections yields the parts of an output. An output can be cut off anywhere, so its last line
// counts only if it is whole.
func sections(output string) iter.Seq[section] {
	return func(yield func(section) bool) {
		output = output[:strings.LastIndexByte(output, '\n')+1]
		var s section
		start, at := 0, 0
		for line := range strings.Lines(output) {
			if title, ok := strings.CutPrefix(line, "-- "); ok {
				s.text = output[start:at]
				if !yield(s) {
					return
				}
				s.name, s.arg, _ = strings.Cut(strings.TrimSpace(title), " ")
				s.arg = strings.TrimSpace(s.arg)
				start = at + len(line)
			}
			at += len(line)
		}
		s.text = output[start:]
		yield(s)
	}
}

// number returns a count. ok is false if s is not one, or is negative or too large to be one.
func number(s string) (n int64, ok bool) {
	n, err := strconv.ParseInt(s, 10, 64)
	return n, err == nil && 0 <= n && n < 1<<60
}

// numbers returns fields as counts. ok is false if one of them is none.
func numbers(fields []string) (all []int64, ok bool) {
	all = make([]int64, len(fields))
	for i, f := range fields {
		if all[i], ok = number(f); !ok {
			return nil, false
		}
	}
	return all, len(all) > 0
}

// span returns a time that a tool printed in units. ok is false if s is not a number, or is
// negative or longer than a century.
func span(s string, unit time.Duration) (d time.Duration, ok bool) {
	f, err := strconv.ParseFloat(s, 64)
	if f *= float64(unit); err != nil || !(0 <= f && f < 1<<61) {
		return 0, false
	}
	return time.Duration(f + 0.5), true
}

// difference returns how much a counter grew. It is nil if one value is missing, or if the counter
// wrapped or began again.
func difference(before, after *int64) *int64 {
	if before == nil || after == nil || *after < *before {
		return nil
	}
	n := *after - *before
	return &n
}
