package storage

import "bytes"

// A lineBuffer holds back the start of a line until its end comes.
type lineBuffer struct{ rest []byte }

// maxLine bounds what is held back. A longer line comes in pieces.
const maxLine = 1 << 20

// add returns the whole lines that p completes. They are valid until the next call, and not to be changed.
func (b *lineBuffer) add(p []byte) []byte {
	end := bytes.LastIndexByte(p, '\n') + 1
	if end == 0 {
		b.rest = append(b.rest, p...)
		if len(b.rest) < maxLine {
			return nil
		}
		return b.flush()
	}
	lines := p[:end]
	if len(b.rest) > 0 {
		lines = append(b.rest, lines...)
		b.rest = nil
	}
	b.rest = append(b.rest, p[end:]...)
	return lines
}

// flush returns what is held back, as a line.
func (b *lineBuffer) flush() []byte {
	if len(b.rest) == 0 {
		return nil
	}
	line := append(b.rest, '\n')
	b.rest = nil
	return line
}
