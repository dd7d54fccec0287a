package report

import "bytes"

// marks are what pages and messages put into a line that they show, and what stood there before.
var marks = [...]struct{ mark, was string }{
	{"&nbsp;", " "}, {"&gt;", ">"}, {"&lt;", "<"}, {"&amp;", "&"}, {"&quot;", `"`}, {"&#37;", "%"},
	{"**", ""}, {"<br>", " "}, {"<br/>", " "}, {"<br />", " "},
	{`\[`, "["}, {`\]`, "]"}, {`\*`, "*"}, {`\_`, "_"}, {`\-`, "-"}, {`\(`, "("}, {`\)`, ")"},
}

// tidied gives a line without marks; false: it has none.
func tidied(b []byte) ([]byte, bool) {
	if !bytes.ContainsAny(b, `&<\*`) {
		return nil, false
	}
	was := b
	for _, m := range marks {
		if bytes.Contains(b, []byte(m.mark)) {
			b = bytes.ReplaceAll(b, []byte(m.mark), []byte(m.was))
		}
	}
	return b, len(b) != len(was)
}

// untabbed returns a line with a space for each tab, as tables that are copied have tabs for spaces.
func untabbed(b []byte) []byte { return bytes.ReplaceAll(b, []byte("\t"), []byte(" ")) }

// withoutEnd leaves out what follows a line in a list of strings, or in the last cell of a table.
func withoutEnd(b []byte) []byte {
	for len(b) > 0 {
		switch b[len(b)-1] {
		case '"', ',', '\'':
			b = b[:len(b)-1]
		case '|':
			b = bytes.TrimRight(b[:len(b)-1], " \t")
		default:
			return b
		}
	}
	return b
}
