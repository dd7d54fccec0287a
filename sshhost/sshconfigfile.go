package sshhost

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// maxIncludes ends a chain of files that include each other.
const maxIncludes = 16

// sshSettings are what files as ssh_config(5) describes say about one destination. Of most options the line that comes
// first counts.
type sshSettings struct {
	host     string // as it was given
	me, home string // the local user
	uid      string

	userGiven bool // by the destination, not by a file

	set       map[string][]string // the arguments of each option, by its name in lower case
	second    bool                // the files are being read for the second time
	wantAgain bool                // a Match section asks for a second time
}

// read reads a file. Relative names in it are of the folder base. When it is included by a section that does not match,
// nothing in it does.
func (s *sshSettings) read(file, base string, never bool, depth int) error {
	if depth > maxIncludes {
		return fmt.Errorf("%s: files that include each other, more than %d deep", file, maxIncludes)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	active, number := !never, 0
	for line := range strings.Lines(strings.TrimPrefix(string(text), "\ufeff")) { // as some editors begin a file
		number++
		active, err = s.line(line, base, active, never, depth)
		if _, included := errors.AsType[*lineError](err); err != nil && !included {
			return &lineError{file, number, err}
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// A lineError says where in which file something is wrong.
type lineError struct {
	file   string
	number int
	err    error
}

func (e *lineError) Error() string { return fmt.Sprintf("%s line %d: %v", e.file, e.number, e.err) }
func (e *lineError) Unwrap() error { return e.err }

// line takes one line and reports whether the ones after it are for the host.
func (s *sshSettings) line(line, base string, active, never bool, depth int) (bool, error) {
	key, rest := cutKeyword(line)
	if key == "" || key[0] == '#' {
		return active, nil
	}
	if other, ok := otherNames[key]; ok {
		key = other
	}
	option, known := optionsByName[key]
	switch {
	case known && option.use == harmless, !active && (!known || option.use == refused || key == "proxycommand"):
		return active, nil
	case !known && matchPatterns(lower(strings.Split(s.get("ignoreunknown"), ",")), key):
		return active, nil
	case !known:
		return false, fmt.Errorf("%s is no option of ssh_config(5) that is known here: IgnoreUnknown can name it", key)
	case key == "proxycommand", option.use == refused: // the rest is a shell's, or a text
		if option.use == refused && s.set[key] == nil {
			if err := option.refuse(strings.Trim(rest, `"`)); err != nil {
				return false, err
			}
		}
		s.put(key, []string{rest})
		return active, nil
	}
	args, err := splitArguments(rest)
	switch {
	case err != nil:
		return false, fmt.Errorf("%s: %w", key, err)
	case len(args) == 0:
		return false, fmt.Errorf("%s has no value", key)
	case slices.Contains(args, ""):
		return false, fmt.Errorf("%s has an empty value", key)
	}
	switch key {
	case "host":
		return !never && matchPatterns(args, s.host), nil
	case "match":
		matches, err := s.match(args, never)
		return matches && !never, err
	case "include":
		return active, s.include(args, base, never || !active, depth)
	}
	if option.use == obeyed && len(args) > 1 {
		return false, fmt.Errorf("%s has more than one value", key)
	}
	if active {
		s.put(key, args)
	}
	return active, nil
}

// include reads the files that match patterns. A folder among them counts as an empty file.
func (s *sshSettings) include(patterns []string, base string, never bool, depth int) error {
	for _, pattern := range patterns {
		if never && strings.Contains(pattern, "%") {
			continue // nothing there counts, and its tokens may not be known yet
		}
		pattern, err := s.expand(pattern, s.tokens())
		if err != nil {
			return fmt.Errorf("include: %w", err)
		}
		if !filepath.IsAbs(pattern) {
			pattern = filepath.Join(base, pattern)
		}
		files, err := filepath.Glob(pattern)
		if err != nil {
			return fmt.Errorf("include %s: %w", pattern, err)
		}
		for _, file := range files {
			if info, err := os.Stat(file); err == nil && info.IsDir() {
				continue
			}
			if err := s.read(file, base, never, depth+1); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return err
			}
		}
	}
	return nil
}

func (s *sshSettings) put(key string, args []string) {
	switch {
	case optionsByName[key].use == obeyedIn:
		if !slices.Contains(s.set[key], args[0]) {
			s.set[key] = append(s.set[key], args[0])
		}
	case key == "proxycommand" && s.set["proxyjump"] != nil && !strings.EqualFold(s.get("proxyjump"), "none"),
		key == "proxyjump" && s.set["proxycommand"] != nil:
		// The first of the two counts, but a ProxyCommand does after ProxyJump none.
	case s.set[key] == nil:
		s.set[key] = args
	}
}

func (s *sshSettings) get(key string) string {
	if v := s.set[key]; v != nil {
		return v[0]
	}
	return ""
}

// hostName is the name that the host has by what was read so far.
func (s *sshSettings) hostName() (string, error) {
	name := s.get("hostname")
	if name == "" {
		return strings.ToLower(s.host), nil
	}
	name, err := percent(name, map[byte]string{'h': s.host})
	return strings.ToLower(name), err
}

// match reports whether a Match section is for the host. What is not understood is an error only where it decides that.
func (s *sshSettings) match(args []string, never bool) (matches bool, err error) {
	name, err := s.hostName()
	if err != nil {
		return false, err
	}
	user := s.get("user")
	if user == "" {
		user = s.me
	}
	matches = true
	unknown := ""
	for len(args) > 0 {
		criterion := args[0]
		args = args[1:]
		criterion, value, hasValue := strings.Cut(criterion, "=")
		criterion, negated := strings.CutPrefix(strings.ToLower(criterion), "!")
		is := false
		switch criterion {
		case "all":
			is = true
		case "canonical", "final":
			is = s.second
			s.wantAgain = s.wantAgain || criterion == "final"
		default:
			if !hasValue {
				if len(args) == 0 {
					return false, fmt.Errorf("match %s has no value", criterion)
				}
				value, args = args[0], args[1:]
			}
			patterns := strings.Split(value, ",")
			switch criterion {
			case "host":
				is = matchPatterns(lower(patterns), name)
			case "originalhost":
				is = matchPatterns(lower(patterns), strings.ToLower(s.host))
			case "user":
				is = matchPatterns(patterns, user)
			case "tagged":
				is = matchPatterns(patterns, s.get("tag"))
			case "localuser":
				is = matchPatterns(patterns, s.me)
			default:
				unknown = criterion
				continue
			}
		}
		matches = matches && is != negated
	}
	if unknown != "" && matches && !never {
		return false, fmt.Errorf("match %s is not supported", unknown)
	}
	return matches, nil
}

func lower(all []string) []string {
	low := make([]string, len(all))
	for i, s := range all {
		low[i] = strings.ToLower(s)
	}
	return low
}

// matchPatterns reports whether s matches one of the patterns, and none of those that begin with an exclamation mark.
func matchPatterns(patterns []string, s string) bool {
	found := false
	for _, p := range patterns {
		p, not := strings.CutPrefix(strings.TrimSpace(p), "!")
		p = strings.NewReplacer(`\*`, ".*", `\?`, ".").Replace(regexp.QuoteMeta(p))
		if regexp.MustCompile("(?s)^" + p + "$").MatchString(s) {
			if not {
				return false
			}
			found = true
		}
	}
	return found
}

const blanks = " \t\r\n\f\v"

// cutKeyword returns a line's keyword, in lower case, and what is behind it and behind an equals sign. A keyword may be in
// double quotes. No equals sign follows it then.
func cutKeyword(line string) (key, rest string) {
	line = strings.Trim(line, blanks)
	if quoted, ok := strings.CutPrefix(line, `"`); ok {
		if key, rest, ok := strings.Cut(quoted, `"`); ok {
			return strings.ToLower(key), strings.TrimLeft(rest, blanks)
		}
	}
	end := strings.IndexAny(line, blanks+"=")
	if end < 0 {
		return strings.ToLower(line), ""
	}
	key, rest = strings.ToLower(line[:end]), strings.TrimLeft(line[end:], blanks)
	if after, ok := strings.CutPrefix(rest, "="); ok {
		rest = strings.TrimLeft(after, blanks)
	}
	return key, rest
}

// splitArguments splits what stands behind a keyword. Quotes, double or single, hold what is between them together, a
// backslash makes a quote, a backslash or, outside of quotes, a blank an ordinary letter, and a comment ends the line.
func splitArguments(s string) ([]string, error) {
	var args []string
	for {
		s = strings.TrimLeft(s, blanks)
		if s == "" || s[0] == '#' {
			return args, nil
		}
		var arg strings.Builder
		var quote byte
		i := 0
		for ; i < len(s); i++ {
			c := s[i]
			switch {
			case c == '\\' && i+1 < len(s) && (strings.IndexByte(`'"\`, s[i+1]) >= 0 || quote == 0 && s[i+1] == ' '):
				i++
				arg.WriteByte(s[i])
				continue
			case quote == 0 && (c == '"' || c == '\''):
				quote = c
				continue
			case quote != 0 && c == quote:
				quote = 0
				continue
			}
			if quote == 0 && strings.IndexByte(blanks, c) >= 0 {
				break
			}
			arg.WriteByte(c)
		}
		if quote != 0 {
			return nil, errors.New("a quote has no end")
		}
		args, s = append(args, arg.String()), s[i:]
	}
}
