package sshhost

import (
	"crypto/rand"
	_ "embed"
	"fmt"
	"path"
	"strings"

	"github.com/tunaperf/tuna/internal/shquote"
)

//go:embed supervisor.sh
var supervisor string

// loader is what sh runs to read the supervisor from standard input, up to an empty line, so that its text is neither
// limited in length nor seen in ps.
const loader = `n=${IFS#??} t=; while IFS= read -r l && [ "$l" ]; do t=$t$l$n; done; eval "$t"`

// bootstrap starts the loader under any login shell: csh and fish too take what is in these quotes as it stands. A
// restricted shell does not know exec.
const bootstrap = "exec sh -c '" + loader + "' || sh -c '" + loader + "'"

// preamble is there for start-up files. One that waits for somebody to press return takes a line, which is only a comment.
// One that has another shell take its place has that read what was meant for the loader. What is no plain sh starts the
// loader then; a plain one may have read ahead, and does as it is.
const preamble = "#\n#\n#\n" + `[ "$t" ] || [ -z "$BASH_VERSION$ZSH_VERSION" ] || exec sh -c '` + loader + "'\n"

// newMark returns a word that no command prints by chance. Its first byte is one that text does not have, so that a
// reader who waits for the word seldom has to hold back what may be its beginning.
func newMark() string { return "\x1e" + rand.Text() }

// supervisorText is what the loader reads: the supervisor without its comments and indentation.
func supervisorText(mark, id, prefix string) string {
	var b strings.Builder
	b.WriteString(preamble)
	fmt.Fprintf(&b, "mark=%s session=%s root=%s\n", shquote.Quote(mark), id, shquote.Quote(root(prefix)))
	for line := range strings.Lines(supervisor) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "#") {
			b.WriteString(line + "\n")
		}
	}
	b.WriteString("\n")
	return b.String()
}

// startRequest is the line that has the supervisor run a command, which holds no zero byte.
func startRequest(number int, command string) string {
	if isProgram(command) {
		command = "exec " + command // a process less in a sh that does not see for itself that it can
	}
	return fmt.Sprintf("start %d ", number) + strings.ReplaceAll(shquote.Quote(command), "\n", `'"$nl"'`) + "\n"
}

// root returns what a signal must go through to reach a process that prefix has started as root.
func root(prefix string) string {
	first, _, _ := strings.Cut(strings.TrimSpace(prefix), " ")
	if name := path.Base(first); name == "sudo" || name == "doas" {
		return first + " -n"
	}
	return ""
}
