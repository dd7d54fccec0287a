package sshhost

import (
	"crypto/rand"
	_ "embed"
	"fmt"
	"path"
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/tunaperf/tuna/internal/shquote"
)

//go:embed supervisor.sh
var supervisorSource string

// tag ends the names of the supervisor's variables, so that none is in the environment of a host by chance or on purpose.
var tag = strings.ToLower(rand.Text()[:5])

var ourNames = regexp.MustCompile(`\b_[a-z]+`)

// tagged returns shell text in which the variables that begin with _ have their tags.
func tagged(text string) string { return ourNames.ReplaceAllString(text, "${0}"+tag) }

// loader is what sh runs to read the supervisor from standard input, up to an empty line, so that its text is neither
// limited in length nor seen in ps. The environment may have set options, shadowed commands with functions in bash, and
// changed IFS in posh. bash and ksh apply TMOUT to read, so it is set aside; ksh93 remembers what it was last.
var loader = tagged(`set -- "$-"; set +aeuvx; unset -f command; _n=$(command echo; command echo x); _n=${_n%x} _t= _m=${TMOUT-} ` +
	`TMOUT=0; unset TMOUT; while IFS= command read -r _l; do case $_l in "") break;; esac; _t=$_t$_l$_n; done; eval "$_t"`)

// bootstrap starts the loader under any login shell: csh and fish too take what is in these quotes as it stands. A
// restricted shell does not know exec.
var bootstrap = "exec sh -c '" + loader + "' || sh -c '" + loader + "'"

// preamble is there for start-up files. One that waits for somebody to press return takes a line, which is only a comment.
// One that has another shell take its place has that read what was meant for the loader. What is no plain sh starts the
// loader then; a plain one may have read ahead, and does as it is.
var preamble = "#\n#\n#\n" + tagged(`case $_t in "") case $BASH_VERSION$ZSH_VERSION in ?*) exec sh -c '`) + loader +
	"';; esac;; esac\n"

// supervisor is the text of supervisor.sh without its comments and indentation.
var supervisor = func() string {
	var b strings.Builder
	for line := range strings.Lines(supervisorSource) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "#") {
			b.WriteString(line + "\n")
		}
	}
	return tagged(b.String())
}()

// newMark returns a word that no command prints by chance. Its first byte is one that text does not have, so that a
// reader who waits for the word seldom has to hold back what may be its beginning.
func newMark() string { return "\x1e" + rand.Text() }

// supervisorText is what the loader reads. lease is the supervisor's first one, in seconds; 0: none.
func supervisorText(mark, id, prefix string, lease int) string {
	return preamble + fmt.Sprintf(tagged("_mark=%s _session=%s _root=%s _lease=%d\n"), shquote.Quote(mark), id,
		shquote.Quote(root(prefix)), lease) + supervisor + "\n"
}

// quoteCommand returns the words of a request that are a command, which holds no zero byte.
func quoteCommand(command string) string {
	if isProgram(command) {
		command = "exec " + command // a process less in a sh that does not see for itself that it can
	}
	if len(command) <= longestArgument {
		return quoteWord(command)
	}
	var names, words strings.Builder
	for n := 1; command != ""; n++ {
		end := min(len(command), longestArgument)
		for i := end; i < len(command) && i > end-utf8.UTFMax; i-- {
			if utf8.RuneStart(command[i]) { // yash cannot hold half a character
				end = i
				break
			}
		}
		fmt.Fprintf(&names, "${%d}", n)
		words.WriteString(" " + quoteWord(command[:end]))
		command = command[end:]
	}
	return quoteWord(`eval "set --;`+names.String()+`"`) + " sh" + words.String()
}

func quoteWord(word string) string {
	return strings.ReplaceAll(shquote.Quote(word), "\n", quotedNewline)
}

var quotedNewline = tagged(`'"$_nl"'`)

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
