package report_test

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tunaperf/tuna/iperf/report"
)

// mutations are what happens to outputs on their way to a file, none of which changes what they say.
var mutations = []struct {
	name     string
	textOnly bool
	change   func(text []byte) []byte
}{
	{"windows line ends", false, func(text []byte) []byte {
		return bytes.ReplaceAll(bytes.ReplaceAll(text, []byte("\r\n"), []byte("\n")), []byte("\n"), []byte("\r\n"))
	}},
	{"byte order mark", false, func(text []byte) []byte { return append([]byte("\uFEFF"), text...) }},
	{"login banner", false, func(text []byte) []byte {
		return append([]byte("Welcome to host-7 [lab]!\n** 3 updates, 0-1 of security **\n{ motd }\n\nLast login: Mon Jan  2 03:04:05 2026\n"), text...)
	}},
	{"junk after", false, func(text []byte) []byte {
		if len(text) > 0 && text[len(text)-1] != '\n' {
			return text
		}
		return append(bytes.Clone(text), "logout\nShared connection to 192.0.2.1 closed.\n"...)
	}},
	{"times before lines", true, prefixed("2026-01-02T03:04:05.678 ")},
	{"seconds before lines", true, prefixed("[3.2] ")},
	{"time in brackets", true, prefixed("[2026-01-02 03:04:05] ")},
	{"journal", true, prefixed("Jan 02 03:04:05 host iperf[4711]: ")},
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

var lineNumber = regexp.MustCompile(`(?m)^(\s*warning )line \d+: .*? is not |line \d+: `)

// said is what an output means, without where in it that stands.
func said(text []byte) string { return lineNumber.ReplaceAllString(all(text), "$1") }

func TestMutations(t *testing.T) {
	for name, text := range everyOutput(t) {
		if len(text) == 0 {
			continue // with something before it, it is no longer nothing
		}
		want := said(text)
		for _, m := range mutations {
			if m.textOnly && !isText(text) {
				continue
			}
			if diff := cmp.Diff(want, said(m.change(text))); diff != "" {
				t.Errorf("%s, %s (-plain +changed)\n%s", name, m.name, diff)
			}
		}
	}
}

// TestTwice reads each complete output twice over, as of a file that two runs were written to. The rows of CSV tell two
// tests apart by their times only.
func TestTwice(t *testing.T) {
	for name, text := range everyOutput(t) {
		rep, err := report.Parse(bytes.NewReader(text))
		if err != nil || !complete(rep) || text[len(text)-1] != '\n' || strings.Contains(name, "csv") {
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

// isText reports whether text has neither JSON nor CSV in it, whose lines have a fixed beginning.
func isText(text []byte) bool {
	for line := range bytes.Lines(text) {
		if line = bytes.TrimSpace(line); len(line) > 0 && (line[0] == '{' || line[0]-'0' <= 9 || bytes.HasPrefix(line, []byte("time,"))) {
			return false
		}
	}
	return true
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
