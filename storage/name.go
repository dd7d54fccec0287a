package storage

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"
)

const (
	maxName = 1024
	maxPart = 240 // most systems allow 255; the rest is for a number
)

// A nameError is a name that no storage here takes.
type nameError struct{ name, why string }

func (e *nameError) Error() string {
	name := e.name
	if len(name) > 64 {
		name = strings.ToValidUTF8(name[:64], "") + "…"
	}
	return fmt.Sprintf("file name %q: %s", name, e.why)
}

func (*nameError) Unwrap() error { return fs.ErrInvalid }

// checkName returns an error that says what is wrong with name, and what is allowed. What passes is a valid path of
// package io/fs.
func checkName(name string) error {
	why := ""
	switch {
	case name == "":
		why = "a name is needed"
	case len(name) > maxName:
		why = fmt.Sprintf("%d bytes are too long, at most %d are allowed", len(name), maxName)
	case !utf8.ValidString(name):
		why = "not UTF-8"
	case strings.ContainsFunc(name, unicode.IsControl):
		why = "NUL, line ends and other control characters are not allowed"
	case strings.Contains(name, `\`):
		why = `"\" is not allowed, directories are separated by "/"`
	case strings.HasPrefix(name, "/"):
		why = "absolute, must be relative to the storage's directory"
	case name == "." || !fs.ValidPath(name):
		why = `an empty part, "." and ".." are not allowed`
	case runtime.GOOS == "windows" && (strings.ContainsAny(name, windowsRefuses) || !filepath.IsLocal(filepath.FromSlash(name))):
		why = "reserved on Windows, as are " + windowsRefuses
	}
	if why == "" {
		for part := range strings.SplitSeq(name, "/") {
			if len(part) > maxPart {
				why = fmt.Sprintf("a part of %d bytes is too long, at most %d are allowed between slashes", len(part), maxPart)
			}
		}
	}
	if why != "" {
		return &nameError{name, why}
	}
	return nil
}

const windowsRefuses = `<>:"|?*`

// numbers finds names that are free. It remembers how far it has come with a name, so that the thousandth file of one
// name costs no more than the second. The zero value is ready.
type numbers struct {
	mu   sync.Mutex
	last map[string]int
}

const maxNumber = 999_999

// free calls create with name, then with name and a number, until it returns something else than fs.ErrExist, and
// returns the name that it then had.
func (n *numbers) free(name string, create func(name string) error) (string, error) {
	err := create(name)
	candidate := name
	for errors.Is(err, fs.ErrExist) {
		k := n.next(name)
		if k > maxNumber {
			return "", fmt.Errorf("file name %q: all numbers up to %d are taken: %w", name, maxNumber, err)
		}
		candidate = numbered(name, k)
		err = create(candidate)
	}
	if err != nil {
		return "", err
	}
	return candidate, nil
}

func (n *numbers) next(name string) int {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.last == nil {
		n.last = map[string]int{}
	}
	n.last[name]++
	return n.last[name]
}

// numbered puts k before the extension of name. A dot that starts a name starts no extension.
func numbered(name string, k int) string {
	ext := path.Ext(name)
	if ext == path.Base(name) {
		ext = ""
	}
	return fmt.Sprintf("%s_%04d%s", strings.TrimSuffix(name, ext), k, ext)
}
