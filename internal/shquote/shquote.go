// Package shquote writes words so that a POSIX shell reads them back unchanged.
package shquote

import "strings"

// reserved holds the words that a shell takes for syntax when one of them stands, unquoted, where a command begins.
// The second line is what only some shells reserve.
var reserved = map[string]bool{
	"!": true, "{": true, "}": true, "case": true, "do": true, "done": true, "elif": true, "else": true, "esac": true,
	"fi": true, "for": true, "if": true, "in": true, "then": true, "until": true, "while": true,
	"coproc": true, "function": true, "namespace": true, "select": true, "time": true,
}

// Quote returns arg as one word of shell text. A word of plain characters stays as it is; any other is put between
// single quotes, in which nothing is special. The one thing that no shell can pass on is a zero byte.
func Quote(arg string) string {
	if arg != "" && !reserved[arg] && strings.IndexFunc(arg, special) < 0 {
		return arg
	}
	return "'" + strings.ReplaceAll(arg, "'", `'\''`) + "'"
}

// Join returns the shell text of a command line: every argument quoted, with spaces between.
func Join(args []string) string {
	words := make([]string, len(args))
	for i, a := range args {
		words[i] = Quote(a)
	}
	return strings.Join(words, " ")
}

// special reports whether a shell may read r as anything but itself. An equals sign would make the first word of a
// command an assignment, and a byte that is not ASCII may be a letter or a blank, as the locale says.
func special(r rune) bool {
	switch {
	case 'a' <= r && r <= 'z', 'A' <= r && r <= 'Z', '0' <= r && r <= '9':
		return false
	}
	return !strings.ContainsRune("-_./:,@+%", r)
}
