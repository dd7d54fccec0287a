package report

import (
	"bytes"

	"github.com/tunaperf/tuna/iperf/report/internal/scan"
)

// Shells, web pages and lists lose the ends of lines, so that several lines of iperf stand on one.
// Such a line is split before each item: a row, a connection, a heading or a banner.

// An itemKind says how a line begins within another one.
type itemKind uint8

const (
	itemNone  itemKind = iota // its text may be part of another line, or does not begin it
	itemPlain                 // with its text
	itemApart                 // with its text, unless a letter or a digit stands before that
	itemWhole                 // with its text, and is nothing else
)

// An itemText is the text that an item begins with.
type itemText struct {
	text string
	kind itemKind
}

// itemTexts are those of the items without a label, by their first letter.
var itemTexts = func() (by [128][]itemText) {
	add := func(kind itemKind, texts ...string) {
		for _, text := range texts {
			if kind != itemNone {
				by[text[0]] = append(by[text[0]], itemText{text, kind})
			}
		}
	}
	for _, b := range banners {
		add(b.item, b.text)
	}
	for _, known := range knownLines {
		add(known.item, known.text)
	}
	add(itemPlain, "TCP congestion control ", "TOS set to ", "TOS defaults to ", "- - - - -", "--------------------",
		"iperf3: error - ", "iperf3: interrupt - ", "iperf3: the ", "iperf3: OUT OF ORDER")
	add(itemApart, "iperf version ", "iperf 3.")
	return by
}()

// An item is where a line of iperf begins within a line.
type item struct {
	at    int  // it begins
	end   int  // the next one can begin
	whole bool // it ends there
}

// nextItem returns the first item of b at or after from. ok is false if there is none.
func nextItem(b []byte, from int) (it item, ok bool) {
	for i := from; i < len(b); i++ {
		c := b[i]
		if c == '[' {
			if n := labelledItem(b[i:]); n > 0 {
				return item{at: i, end: i + n}, true
			}
			continue
		}
		if c >= 128 {
			continue
		}
		for _, known := range itemTexts[c] {
			if !scan.HasPrefix(b[i:], known.text) || known.kind == itemApart && i > 0 && isWordByte(b[i-1]) {
				continue
			}
			it := item{i, i + len(known.text), known.kind == itemWhole}
			switch rest := b[it.end:]; known.text {
			case "- - - - -", "--------------------":
				it.end += len(rest) - len(bytes.TrimLeft(rest, "- "))
				it.whole = true
			case "Time: ":
				if len(rest) < 4 || rest[3] != ',' {
					continue
				}
			case "Sending ":
				if _, n := scan.Int(rest); n == 0 || !scan.HasPrefix(rest[n:], " byte datagrams") {
					continue
				}
			case "iperf 3.":
				it.end += scan.Word(rest)
				it.whole = !scan.HasPrefix(b[it.end:], " (")
			}
			return it, true
		}
	}
	return item{at: len(b), end: len(b)}, false
}

// startsItem reports whether an item begins with b.
func startsItem(b []byte) bool {
	it, ok := nextItem(b, 0)
	return ok && it.at == 0
}

func isWordByte(c byte) bool { return c-'0' <= 9 || (c|0x20)-'a' < 26 }

// labelledItem returns the length of the label of the row, connection or heading that b begins
// with, 0 if there is none.
func labelledItem(b []byte) int {
	const times = "[ CT] "
	if scan.HasPrefix(b, times) {
		return len(times)
	}
	l, n := parseLabel(b)
	if n == 0 {
		return 0
	}
	rest := b[n:]
	if l.kind == labelHeader {
		rest = bytes.TrimPrefix(rest, []byte("[Role]"))
		rest = rest[scan.Spaces(rest):]
		if scan.HasPrefix(rest, "Interval") || scan.HasPrefix(rest, "Burst (start-end)") {
			return n
		}
		return 0
	}
	rest = rest[scan.Spaces(rest):]
	var r row
	if _, kind := r.parseInterval(rest); kind != rowNone || scan.HasPrefix(rest, "local ") {
		return n
	}
	if scan.HasPrefix(rest, "MSS size ") {
		return len(b) - len(rest) + len("MSS size ")
	}
	return 0
}

// split reads the items of a line that has more than one, or whose only one is a string among
// others. It returns false if there is no need to.
func (r *reader) split(b []byte, cut bool) bool {
	this, _ := nextItem(b, 0)
	next, more := nextItem(b, this.end)
	if !more {
		text := quoted(b, this.at)
		if text != nil {
			r.readText(text, false, true)
		}
		return text != nil
	}
	if r.readList(b, next.at) {
		return true
	}
	for begin := 0; begin < len(b); {
		end := next.at
		if this.whole {
			end = this.end
		}
		last := end == len(b)
		if piece := bytes.TrimRight(b[begin:end], " \t"); len(piece) > 0 {
			r.readText(piece, cut && last, !last)
		}
		if t := r.tests.cur; t != nil {
			t.warnSplit(r.row.line)
		}
		begin, this = end, next
		next, _ = nextItem(b, this.end)
	}
	return true
}

// quoted returns the string that begins at an index of b, nil if none does.
func quoted(b []byte, at int) []byte {
	if at == 0 || at == len(b) || b[at-1] != '"' && b[at-1] != '\'' {
		return nil
	}
	end := bytes.IndexByte(b[at:], b[at-1])
	if end < 0 {
		return nil
	}
	return b[at : at+end]
}

// warnSplit warns once of lines that were split.
func (t *test) warnSplit(line int) {
	if !t.split {
		t.split = true
		t.warn(line, "several lines of iperf stand on one line")
	}
}
