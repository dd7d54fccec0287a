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
// limited in length nor seen in ps. bash and ksh apply TMOUT to read, so it is set aside; ksh93 remembers what it was last.
const loader = `_n=${IFS#??} _t= _m=${TMOUT-} TMOUT=0; unset TMOUT; while IFS= read -r _l && [ "$_l" ]; do _t=$_t$_l$_n; done; eval "$_t"`

// bootstrap starts the loader under any login shell: csh and fish too take what is in these quotes as it stands. A
// restricted shell does not know exec.
const bootstrap = "exec sh -c '" + loader + "' || sh -c '" + loader + "'"

// preamble is there for start-up files. One that waits for somebody to press return takes a line, which is only a comment.
// One that has another shell take its place has that read what was meant for the loader. What is no plain sh starts the
// loader then; a plain one may have read ahead, and does as it is.
const preamble = "#\n#\n#\n" + `[ "$_t" ] || [ -z "$BASH_VERSION$ZSH_VERSION" ] || exec sh -c '` + loader + "'\n"

// newMark returns a word that no command prints by chance. Its first byte is one that text does not have, so that a
// reader who waits for the word seldom has to hold back what may be its beginning.
func newMark() string { return "\x1e" + rand.Text() }

// supervisorText is what the loader reads: the supervisor without its comments and indentation. lease is its first one, in
// seconds; 0: none.
func supervisorText(mark, id, prefix string, lease int) string {
	var b strings.Builder
	b.WriteString(preamble)
	fmt.Fprintf(&b, "_mark=%s _session=%s _root=%s _lease=%d\n", shquote.Quote(mark), id, shquote.Quote(root(prefix)), lease)
	for line := range strings.Lines(supervisor) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "#") {
			b.WriteString(line + "\n")
		}
	}
	b.WriteString("\n")
	return b.String()
}

// quoteCommand returns the word of a request that is a command, which holds no zero byte.
func quoteCommand(command string) string {
	if isProgram(command) {
		command = "exec " + command // a process less in a sh that does not see for itself that it can
	}
	return strings.ReplaceAll(shquote.Quote(command), "\n", `'"$_nl"'`)
}

// root returns what a signal must go through to reach a process that prefix has started as root, or as the user that it
// names.
func root(prefix string) string {
	words := strings.Fields(prefix)
	if len(words) == 0 {
		return ""
	}
	switch path.Base(words[0]) {
	case "sudo", "sudo-rs", "doas":
	default:
		return ""
	}
	way := words[0] + " -n"
	for i, w := range words[1:] {
		user, found := strings.CutPrefix(w, "--user=")
		switch {
		case found:
		case !strings.HasPrefix(w, "-"):
			return way
		case w == "-u" && i+2 < len(words):
			user = words[i+2]
		case strings.HasPrefix(w, "-u"):
			user = w[len("-u"):]
		default:
			continue
		}
		return way + " -u " + user
	}
	return way
}
