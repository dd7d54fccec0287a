package report_test

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// A carrier is what another program makes of an output of iperf.
type carrier struct {
	name  string
	carry func(text string) string
	skip  *regexp.Regexp // names of outputs that lose what is needed to read them
}

// carriers are the ways in which an output is carried. Each is read as the output itself.
var carriers = []carrier{
	{name: "the shell's echo $out", carry: func(text string) string { return strings.Join(strings.Fields(text), " ") + "\n" }},
	{name: "newlines as spaces", carry: func(text string) string {
		return strings.ReplaceAll(strings.TrimSpace(text), "\n", " ") + "\n"
	}},
	{
		name: "newlines removed", carry: func(text string) string { return strings.ReplaceAll(text, "\n", "") + "\n" },
		skip: regexp.MustCompile("__V_"), // the version and "Linux" are one word
	},
	{name: "a list of Python", carry: func(text string) string {
		return "['" + strings.Join(strings.Split(strings.TrimSpace(text), "\n"), "', '") + "']\n"
	}},
	{name: "a list of Python 2", carry: func(text string) string {
		return "[u'" + strings.Join(strings.Split(strings.TrimSpace(text), "\n"), "', u'") + "']\n"
	}},
}

// TestCarried reads every text of testdata/corpus as other programs carry it.
func TestCarried(t *testing.T) {
	t.Parallel()
	texts := corpusTexts(t)
	for _, c := range carriers {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			for name, text := range texts {
				if c.skip != nil && c.skip.MatchString(name) {
					continue
				}
				if diff := cmp.Diff(bare(all([]byte(text))), bare(all([]byte(c.carry(text))))); diff != "" {
					t.Errorf("%s (-itself +carried)\n%s", name, diff)
				}
			}
		})
	}
}

// TestLostNewline reads every text of some versions in testdata/corpus without one of its newlines.
func TestLostNewline(t *testing.T) {
	t.Parallel()
	some := regexp.MustCompile("-(2.0.5|2.1.8|2.2.1|3.1.3|3.12|3.21)__")
	for name, text := range corpusTexts(t) {
		if !some.MatchString(name) || strings.Contains(name, "__V_") { // the version and "Linux" are one word
			continue
		}
		want := bare(all([]byte(text)))
		lines := strings.SplitAfter(text, "\n")
		for i := range lines[:len(lines)-2] { // behind the last one is no line
			in := strings.Join(lines[:i], "") + strings.TrimSuffix(lines[i], "\n") + strings.Join(lines[i+1:], "")
			if diff := cmp.Diff(want, bare(all([]byte(in)))); diff != "" {
				t.Errorf("%s without the newline of line %d (-itself +without)\n%s", name, i+1, diff)
			}
		}
	}
}

// corpusTexts returns the outputs of testdata/corpus that are text of more than a line, by name.
func corpusTexts(t *testing.T) map[string]string {
	t.Helper()
	names, err := filepath.Glob("testdata/corpus/*.txt")
	if err != nil || len(names) == 0 {
		t.Fatalf("no outputs: %v", err)
	}
	texts := make(map[string]string)
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Count(text, []byte("\n")) > 1 {
			texts[filepath.Base(name)] = string(text)
		}
	}
	return texts
}

// bare leaves out the warnings of a rendered report, which depend on where a line stands.
func bare(s string) string {
	var b strings.Builder
	for line := range strings.Lines(s) {
		if !strings.HasPrefix(strings.TrimSpace(line), "warning ") {
			b.WriteString(line)
		}
	}
	return b.String()
}
