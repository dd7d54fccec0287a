package evidence

import (
	"bytes"
	"io"
)

// maxKept bounds each of the texts that a Splitter keeps. The counters that matter most come first.
const maxKept = 1 << 20

// A Splitter takes the output of the command of [Around] apart: the text between the two marks goes
// to Out, and the counters before and after it are kept. It is for one goroutine at a time.
type Splitter struct {
	Out  io.Writer
	Mark string // empty: everything is written to Out

	marks       int    // that have come
	held        []byte // the beginning of a mark
	first, last []byte
}

// Write writes to Out what p has between the marks. Only bytes that may begin a mark are held back.
func (s *Splitter) Write(p []byte) (int, error) {
	if s.Mark == "" {
		return s.Out.Write(p)
	}
	data := append(s.held, p...)
	s.held = nil
	for s.marks < 2 {
		mark := s.Mark
		if s.marks == 0 {
			mark += "\n" // which is not the command's
		}
		i := bytes.Index(data, []byte(mark))
		if i < 0 {
			end := len(data) - begun(data, mark)
			s.held = bytes.Clone(data[end:])
			return s.written(p, s.pass(data[:end]))
		}
		if err := s.pass(data[:i]); err != nil {
			return s.written(p, err)
		}
		data = data[i+len(mark):]
		s.marks++
	}
	return s.written(p, s.pass(data))
}

// written returns what Write returns. How much of p was written before an error of Out is not told.
func (s *Splitter) written(p []byte, err error) (int, error) {
	if err != nil {
		return 0, err
	}
	return len(p), nil
}

// pass handles text without a mark.
func (s *Splitter) pass(text []byte) error {
	switch {
	case len(text) == 0:
	case s.marks == 0:
		keep(&s.first, text)
	case s.marks == 1:
		_, err := s.Out.Write(text)
		return err
	default:
		keep(&s.last, text)
	}
	return nil
}

// begun returns the length of the longest end of data that is a beginning of mark, but not all of
// it.
func begun(data []byte, mark string) int {
	for n := min(len(data), len(mark)-1); n > 0; n-- {
		if string(data[len(data)-n:]) == mark[:n] {
			return n
		}
	}
	return 0
}

func keep(all *[]byte, text []byte) { *all = append(*all, text[:min(len(text), maxKept-len(*all))]...) }

// Close writes to Out what is held. If no mark has come, that is all: the command was not run as
// one of [Around]. The Splitter must not be written to afterwards.
func (s *Splitter) Close() error {
	held := s.held
	s.held = nil
	if s.marks == 0 {
		held = append(s.first, held...)
		s.first = nil
	}
	if len(held) == 0 || s.marks == 2 {
		return nil
	}
	_, err := s.Out.Write(held)
	return err
}

// First returns the text before the first mark, and Last the text after the second one, each 1 MiB
// at most.
func (s *Splitter) First() string { return string(s.first) }
func (s *Splitter) Last() string  { return string(s.last) }
