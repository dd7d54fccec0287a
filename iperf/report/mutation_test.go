package report_test

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/google/go-cmp/cmp"

	"github.com/tunaperf/tuna/iperf/report"
)

// The kinds of output that a mutation leaves the meaning of.
const (
	anyKind = iota
	textKind
	csvKind
	jsonKind
)

// mutations are what happens to outputs on their way to a file, none of which changes what they say.
var mutations = []struct {
	name   string
	kind   int
	change func(text []byte) []byte
}{
	{"windows line ends", anyKind, func(text []byte) []byte {
		return bytes.ReplaceAll(bytes.ReplaceAll(text, []byte("\r\n"), []byte("\n")), []byte("\n"), []byte("\r\n"))
	}},
	{"line ends of a serial line", anyKind, replaced("\n", "\r\r\n")},
	{"line ends the other way round", anyKind, replaced("\n", "\n\r")},
	{"byte order mark", anyKind, func(text []byte) []byte { return append([]byte("\uFEFF"), text...) }},
	{"UTF-16, little end first", anyKind, asUTF16(binary.LittleEndian)},
	{"UTF-16, big end first", anyKind, asUTF16(binary.BigEndian)},
	{"bytes of zero", anyKind, replaced("\n", "\x00\n")},
	{"empty lines", anyKind, replaced("\n", "\n\n")},
	{"spaces at the end", anyKind, replaced("\n", "  \n")},
	{"login banner", anyKind, func(text []byte) []byte {
		return append([]byte("Welcome to host-7 [lab]!\n** 3 updates, 0-1 of security **\n{ motd }\n\nLast login: Mon Jan  2 03:04:05 2026\n"), text...)
	}},
	{"junk after", anyKind, func(text []byte) []byte {
		if len(text) > 0 && text[len(text)-1] != '\n' {
			return text
		}
		return append(bytes.Clone(text), "logout\nShared connection to 192.0.2.1 closed.\n"...)
	}},
	{"spaces that do not break", textKind, replaced("  ", "\u00a0 ")},
	{"colours", textKind, replaced("\n", "\x1b[0m\n\x1b[1;32m")},
	{"times before lines", textKind, prefixed("2026-01-02T03:04:05.678 ")},
	{"seconds before lines", textKind, prefixed("[3.2] ")},
	{"time in brackets", textKind, prefixed("[2026-01-02 03:04:05] ")},
	{"journal", textKind, prefixed("Jan 02 03:04:05 host iperf[4711]: ")},
	{"tabs for spaces", textKind, replaced(" ", "\t")},
	{"numbers of lines", textKind, numbered(func(n int) string { return fmt.Sprint(n, ":") })},
	{"numbers of lines and of context", textKind, numbered(func(n int) string { return fmt.Sprint(n, [...]string{":", "-"}[n/3%2]) })},
	{"cells of a table", textKind, func(text []byte) []byte {
		return bytes.ReplaceAll(prefixed("| ")(text), []byte("\n"), []byte(" |\n"))
	}},
	{"name without a space", textKind, prefixed("host1:")},
	{"quoted", textKind, prefixed("> ")},
	{"quoted rows", csvKind, prefixed("> ")},
	{"names before rows", csvKind, prefixed("client-1  | ")},
	{"quoted document", jsonKind, prefixed("> ")},
	{"names before a document", jsonKind, prefixed("[pod/client-5/iperf3] ")},
	{"times before a document", jsonKind, prefixed("2026-01-02T03:04:05.678Z ")},
	{"array", jsonKind, wholeDocument(func(text string) string { return "[" + text + "]" })},
	{"within a document", jsonKind, wholeDocument(func(text string) string { return `{"host":"a","results":[{"n":1,"result":` + text + `}],"rc":0}` })},
	{"behind a message", jsonKind, wholeDocument(func(text string) string { return "2026-01-02 03:04:05 INFO result: " + text })},
	{"numbers in strings", jsonKind, wholeDocument(func(text string) string { return jsonNumber.ReplaceAllString(text, `$1"$2"`) })},
}

var jsonNumber = regexp.MustCompile(`(":\s*)(-?[0-9][0-9.eE+-]*)`)

// wholeDocument changes a whole document, in one line, and gives anything else as it is.
func wholeDocument(change func(string) string) func([]byte) []byte {
	return func(text []byte) []byte {
		var b bytes.Buffer
		if json.Compact(&b, text) != nil {
			return text
		}
		return []byte(change(b.String()) + "\n")
	}
}

func replaced(was, is string) func([]byte) []byte {
	return func(text []byte) []byte { return bytes.ReplaceAll(text, []byte(was), []byte(is)) }
}

func asUTF16(order binary.AppendByteOrder) func([]byte) []byte {
	return func(text []byte) []byte {
		b := order.AppendUint16(nil, 0xFEFF)
		for _, c := range utf16.Encode([]rune(string(text))) {
			b = order.AppendUint16(b, c)
		}
		return b
	}
}

func prefixed(prefix string) func([]byte) []byte {
	return func(text []byte) []byte {
		var b bytes.Buffer
		for line := range bytes.Lines(text) {
			b.WriteString(prefix)
			b.Write(line)
		}
		return b.Bytes()
	}
}

func numbered(prefix func(n int) string) func([]byte) []byte {
	return func(text []byte) []byte {
		var b bytes.Buffer
		n := 0
		for line := range bytes.Lines(text) {
			n++
			b.WriteString(prefix(n))
			b.Write(line)
		}
		return b.Bytes()
	}
}

var lineNumber = regexp.MustCompile(`(?m)^(\s*warning )line \d+: .*? is not |line \d+: `)

// said is what an output means, without where in it that stands.
func said(text []byte) string { return lineNumber.ReplaceAllString(all(text), "$1") }

func TestMutations(t *testing.T) {
	for name, text := range everyOutput(t) {
		if len(text) == 0 || strings.Contains(name, "around.txtar") {
			continue // with something before it, it is no longer nothing; or it was changed already
		}
		want := said(text)
		for _, m := range mutations {
			if m.kind != anyKind && m.kind != kindOf(text) {
				continue
			}
			if diff := cmp.Diff(want, said(m.change(text))); diff != "" {
				t.Errorf("%s, %s (-plain +changed)\n%s", name, m.name, diff)
			}
		}
	}
}

// TestTwice reads each complete output twice over, as of a file that two runs were written to. The rows of CSV tell two
// tests apart by their times only; what is together or has much around it is no single output.
func TestTwice(t *testing.T) {
	for name, text := range everyOutput(t) {
		rep, err := report.Parse(bytes.NewReader(text))
		if err != nil || !complete(rep) || text[len(text)-1] != '\n' || strings.Contains(name, "csv") ||
			strings.Contains(name, "together.txtar") || strings.Contains(name, "around.txtar") {
			continue
		}
		want := said(text)
		if diff := cmp.Diff(want+"next test\n"+want, said(append(bytes.Clone(text), text...))); diff != "" {
			t.Errorf("%s (-apart +together)\n%s", name, diff)
		}
	}
}

// complete reports whether each stream of a report has its total.
func complete(rep *report.Report) bool {
	for _, f := range []*report.Flow{rep.Forward, rep.Reverse} {
		if f == nil {
			continue
		}
		for _, s := range f.Streams {
			if s.Sent == nil && s.Received == nil && s.Unlabelled == nil {
				return false
			}
		}
	}
	return rep.Program != ""
}

// kindOf tells the kind of an output.
func kindOf(text []byte) int {
	kind := textKind
	for line := range bytes.Lines(text) {
		switch line = bytes.TrimSpace(line); {
		case len(line) == 0:
		case line[0] == '{':
			return jsonKind
		case line[0]-'0' <= 9, bytes.HasPrefix(line, []byte("time,")):
			kind = csvKind
		}
	}
	return kind
}

// everyOutput gives the fixtures, and the corpus where that is.
func everyOutput(t *testing.T) map[string][]byte {
	t.Helper()
	outputs := make(map[string][]byte)
	for _, archive := range archives(t) {
		for _, f := range fixtures(t, archive) {
			outputs[archive+" "+f.name] = f.text
		}
	}
	if dir := os.Getenv("TUNA_CORPUS"); dir != "" {
		files, err := filepath.Glob(filepath.Join(dir, "iperf*"))
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			if strings.HasSuffix(file, ".err") {
				continue
			}
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			outputs[filepath.Base(file)] = text
		}
	}
	return outputs
}
