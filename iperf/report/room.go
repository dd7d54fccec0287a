package report

import (
	"io"
	"io/fs"
	"slices"
)

// newSource makes a source of r, whose size it finds out where r can tell.
func newSource(r io.Reader) source {
	s := source{r: r}
	switch r := r.(type) {
	case interface{ Len() int }:
		s.size = int64(r.Len())
	case fs.File:
		if info, err := r.Stat(); err == nil && info.Mode().IsRegular() {
			s.size = info.Size()
		}
	}
	return s
}

// room makes room in a list for one more interval. Of an output of known size it makes as much as the list will need if
// the rest of it is as what was read by now; else it doubles the list. Either is faster than append, which copies a
// long list far more often.
func (s *source) room(list []Interval) []Interval {
	n := len(list)
	if n < cap(list) {
		return list
	}
	more := n
	if done := s.read - int64(s.end-s.pos); s.size > done && done > 0 {
		whole := float64(n) * (float64(s.size) / float64(done))
		more = int(min(1.05*whole, 8*float64(n))) - n // a guess from little may be far too much
	}
	return slices.Grow(list, max(16, more))
}
