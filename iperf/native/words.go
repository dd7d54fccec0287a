package native

import (
	"errors"
	"strings"
)

var (
	errNoShell = errors.New("there is no shell here: only words, quoted or not, are understood")
	errQuote   = errors.New("a quote is not closed")
)

// splitWords divides a command line as a shell does, as long as it has nothing in it but words: plain, in single or in
// double quotes, or after a backslash.
func splitWords(line string) ([]string, error) {
	var words []string
	var word strings.Builder
	in := false // a word, which may be empty when it is quoted
	for i := 0; i < len(line); i++ {
		switch c := line[i]; {
		case c == ' ' || c == '\t' || c == '\n' && i == len(line)-1:
			if in {
				words = append(words, word.String())
				word.Reset()
				in = false
			}
		case c == '\'':
			end := strings.IndexByte(line[i+1:], '\'')
			if end < 0 {
				return nil, errQuote
			}
			word.WriteString(line[i+1 : i+1+end])
			i += end + 1
			in = true
		case c == '"':
			text, n, err := doubleQuoted(line[i+1:])
			if err != nil {
				return nil, err
			}
			word.WriteString(text)
			i += n
			in = true
		case c == '\\' && i+1 < len(line) && line[i+1] != '\n':
			i++
			word.WriteByte(line[i])
			in = true
		case strings.IndexByte("\\\n|&;<>()$`*?[]{}~#!", c) >= 0 && (c != '#' && c != '~' || !in):
			return nil, errNoShell
		default:
			word.WriteByte(c)
			in = true
		}
	}
	if in {
		words = append(words, word.String())
	}
	return words, nil
}

// doubleQuoted reads up to the closing quote. n is how many bytes that takes, with the quote.
func doubleQuoted(s string) (text string, n int, err error) {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '"':
			return b.String(), i + 1, nil
		case c == '$' || c == '`':
			return "", 0, errNoShell
		case c == '\\' && i+1 < len(s) && strings.IndexByte("\\\"$`", s[i+1]) >= 0:
			i++
			b.WriteByte(s[i])
		default:
			b.WriteByte(c)
		}
	}
	return "", 0, errQuote
}
