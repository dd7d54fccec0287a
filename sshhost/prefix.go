package sshhost

import (
	"errors"
	"fmt"
	"path"
	"regexp"
	"strings"

	"github.com/tunaperf/tuna/internal/shquote"
)

const (
	// longestArgument is the length of the longest argument that Linux passes to a program (MAX_ARG_STRLEN of binfmts.h,
	// without the zero byte).
	longestArgument = 128<<10 - 1

	// longestCommand is what all arguments may have together, with as much for the environment (_STK_LIM / 4 of exec.c).
	longestCommand = 1 << 20
)

// tooLong returns an error if command is longer than limit.
func tooLong(command string, limit int, why string) error {
	if len(command) <= limit {
		return nil
	}
	return fmt.Errorf("a command of %d bytes is too long: at most %d bytes can be passed%s", len(command), limit, why)
}

// withPrefix returns the shell text that runs command behind prefix, as Config.Prefix describes.
func withPrefix(prefix, command string) (string, error) {
	if strings.ContainsRune(prefix+command, 0) {
		return "", errors.New("a command cannot hold a zero byte")
	}
	prefix = strings.TrimSpace(prefix)
	first, _, _ := strings.Cut(prefix, " ")
	switch {
	case prefix == "":
		return command, nil
	case strings.HasSuffix(prefix, ";"), strings.HasSuffix(prefix, "&&"), strings.HasSuffix(prefix, "||"):
		return prefix + " " + command, nil
	case path.Base(first) == "ssh", path.Base(first) == "adb":
		return prefix + " " + shquote.Quote(command), tooLong(command, longestArgument, " behind a prefix")
	case isProgram(command):
		return prefix + " " + command, nil
	}
	return prefix + " sh -c " + shquote.Quote(command), tooLong(command, longestArgument, " behind a prefix")
}

// words matches the name of a program and arguments, each plain or in single quotes as shquote writes them.
var words = regexp.MustCompile(`^([\w./:,@+%-]+)(?: +(?:[\w./:,@+%=-]|'[^']*'|\\')+)*$`)

// isProgram reports whether command is a program with its arguments and nothing that only a shell understands.
func isProgram(command string) bool {
	m := words.FindStringSubmatch(command)
	return m != nil && shquote.Quote(m[1]) == m[1] && !builtins[m[1]]
}

// builtins are the commands that a shell must run itself, for there is no such program or it would have no effect.
var builtins = func() map[string]bool {
	m := map[string]bool{}
	for name := range strings.FieldsSeq(`. : alias bg break builtin cd command continue declare dirs eval exec exit export
		fc fg getopts hash jobs let local popd pushd read readonly return set shift shopt source times trap type typeset
		ulimit umask unalias unset wait`) {
		m[name] = true
	}
	return m
}()
