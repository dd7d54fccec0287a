package config

import (
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"github.com/tunaperf/tuna/iperf"
)

// maxSize bounds the text of a configuration.
const maxSize = 16 << 20

// defaultSection holds the keys of every section that does not have them itself, as do the lines before any section.
const defaultSection = "DEFAULT"

// An entry is a key with its value.
type entry struct {
	key   string // as written
	value string
	line  int // from 1; zero: unknown
}

// A section of an INI file, or of a map.
type section struct {
	name  string
	line  int              // of its first heading, from 1; zero: unknown
	keys  map[string]entry // by the key in lower case
	twice []entry          // keys that the section had already; keys holds the last one
}

func (s *section) add(e entry) {
	name := strings.ToLower(e.key)
	if _, ok := s.keys[name]; ok {
		s.twice = append(s.twice, e)
	}
	s.keys[name] = e
}

// A document is all sections of a configuration by their names.
type document struct {
	sections map[string]*section
	defaults *section
}

func newSection(name string, line int) *section {
	return &section{name: name, line: line, keys: map[string]entry{}}
}

// section returns the section of that name, which is made if there is none.
func (d *document) section(name string, line int) *section {
	if name == defaultSection {
		return d.defaults
	}
	s := d.sections[name]
	if s == nil {
		s = newSection(name, line)
		d.sections[name] = s
	}
	return s
}

// get returns a section's entry, or the default.
func (d *document) get(s *section, key string) (entry, bool) {
	e, ok := s.keys[key]
	if !ok {
		e, ok = d.defaults.keys[key]
	}
	return e, ok
}

// readINI reads all of r. Lines that cannot be understood are faults, which never hold their text: it may be a secret.
// The error is of r, or of a text that is no INI file at all.
func readINI(r io.Reader) (*document, faults, error) {
	data, err := io.ReadAll(io.LimitReader(r, maxSize+1))
	if err != nil {
		return nil, faults{}, fmt.Errorf("configuration: %w", err)
	}
	if len(data) > maxSize {
		return nil, faults{}, fmt.Errorf("%w: the configuration has more than %d MiB", iperf.ErrSettings, maxSize>>20)
	}
	text := string(data)
	if strings.HasPrefix(text, "\xff\xfe") || strings.HasPrefix(text, "\xfe\xff") {
		return nil, faults{}, fmt.Errorf("%w: the configuration is in UTF-16: must be in UTF-8", iperf.ErrSettings)
	}
	text = strings.TrimPrefix(text, "\ufeff")

	d := &document{sections: map[string]*section{}, defaults: newSection(defaultSection, 0)}
	var bad faults
	current := d.defaults // nil behind a heading that cannot be understood
	for line := 1; text != ""; line++ {
		row, next := cutLine(text)
		end := text[len(row):]
		row = strings.TrimLeftFunc(row, unicode.IsSpace)
		switch {
		case row == "" || row[0] == '#' || row[0] == ';':
		case row[0] == '[':
			name, fault := heading(row)
			if current = nil; fault != "" {
				bad.syntax(line, fault)
			} else {
				current = d.section(name, line)
			}
		default:
			key, value, ok := cutKey(row)
			if !ok {
				bad.syntax(line, "must be a [section], a key = value or a comment, which begins with # or ;")
				break
			}
			e := entry{key: key, line: line}
			if quote := longQuote(value); quote == "" {
				if e.value, ok = uncomment(value); !ok {
					bad.syntax(line, `a value that begins with " must end with it before a comment`)
				}
			} else {
				begin := len(text) - len(end) - len(value) + len(quote)
				var behind string
				if e.value, behind, next, ok = cutLongQuote(text[begin:], quote); !ok {
					bad.syntax(line, "the value's "+quote+" has no end")
					return d, bad, nil
				}
				line += lineEnds(e.value)
				if !isComment(behind) {
					bad.syntax(line, "text behind the value's "+quote+": must be a comment, which begins with # or ; after a space")
				}
			}
			if current != nil {
				current.add(e)
			}
		}
		text = next
	}
	return d, bad, nil
}

// cutLine splits text behind its first line, which ends with a line feed, a carriage return, or both.
func cutLine(text string) (line, rest string) {
	end := strings.IndexAny(text, "\r\n")
	if end < 0 {
		return text, ""
	}
	line, rest = text[:end], text[end+1:]
	if text[end] == '\r' {
		rest = strings.TrimPrefix(rest, "\n")
	}
	return line, rest
}

// lineEnds returns how many lines end in text.
func lineEnds(text string) int {
	return strings.Count(text, "\n") + strings.Count(text, "\r") - strings.Count(text, "\r\n")
}

// heading returns the name of the section that a row begins with, or the fault of the row. A name may have brackets
// in pairs, such as those of [links[0]].
func heading(row string) (name, fault string) {
	open := 0
	for i := range len(row) {
		switch row[i] {
		case '[':
			open++
		case ']':
			if open--; open > 0 {
				continue
			}
			if !isComment(row[i+1:]) {
				return "", "text behind the section's name: must be a comment, which begins with # or ; after a space"
			}
			if name = strings.TrimSpace(row[1:i]); name == "" {
				return "", "a section's name is empty"
			}
			return name, ""
		}
	}
	return "", "a section's name must end with ]"
}

// cutKey splits a row at its first = or :, or at the one right behind a key in quotes.
func cutKey(row string) (key, value string, ok bool) {
	from, quoted := 0, row[0] == '"' || row[0] == '`'
	if quoted {
		end := strings.IndexByte(row[1:], row[0])
		if end < 0 {
			return "", "", false
		}
		from = end + 2
	}
	at := strings.IndexAny(row[from:], "=:")
	if at < 0 || quoted && strings.TrimSpace(row[from:from+at]) != "" {
		return "", "", false
	}
	key, value = row[:from+at], row[from+at+1:]
	if quoted {
		key = row[1 : from-1]
	}
	key = strings.TrimSpace(key)
	return key, strings.TrimLeftFunc(value, unicode.IsSpace), key != ""
}

// longQuote returns the quotes in front of a value that may have several lines, or nothing.
func longQuote(value string) string {
	for _, quote := range []string{`"""`, "`"} {
		if strings.HasPrefix(value, quote) {
			return quote
		}
	}
	return ""
}

// cutLongQuote returns the value up to the last quotes of the first line that has them, the rest of that line, and the text
// behind the line.
func cutLongQuote(text, quote string) (value, behind, rest string, ok bool) {
	at := strings.Index(text, quote)
	if at < 0 {
		return "", "", "", false
	}
	line, rest := cutLine(text[at:])
	last := strings.LastIndex(line, quote)
	return text[:at+last], line[last+len(quote):], rest, true
}

// A comment at the end of a value needs a space, as a semicolon may end a prefix such as PATH=/opt/wifi:$PATH; and a
// password may have any character.
var inlineComment = regexp.MustCompile(`[ \t][;#].*$`)

// isComment reports whether text, which is behind quotes or a heading, is a comment or blank.
func isComment(text string) bool {
	return strings.TrimSpace(inlineComment.ReplaceAllString(text, "")) == ""
}

// uncomment takes the quotes, or the comment at its end, off a value. ok is false if quotes are open where a comment may
// begin, so that the value's end is not clear.
func uncomment(value string) (plain string, ok bool) {
	plain = strings.TrimSpace(inlineComment.ReplaceAllString(value, ""))
	rest, quotes := strings.CutPrefix(value, `"`)
	if !quotes {
		return plain, true
	}
	if quoted, after, closed := strings.Cut(rest, `"`); closed && isComment(after) {
		return quoted, true
	}
	return plain, !inlineComment.MatchString(value)
}

// names returns the sections' names in order.
func (d *document) names() []string {
	names := make([]string, 0, len(d.sections))
	for name := range d.sections {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}
