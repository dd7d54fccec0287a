package sshhost

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/skeema/knownhosts"
	"golang.org/x/crypto/ssh"
	xknownhosts "golang.org/x/crypto/ssh/knownhosts"
)

// hostKeys returns what decides on the key of the server, and the algorithms to ask it for, the preferred one first.
func (c Config) hostKeys() (ssh.HostKeyCallback, []string, error) {
	if c.HostKeyCallback != nil {
		return refusing(c.HostKeyCallback), c.HostKeyAlgorithms, nil
	}
	files := c.KnownHosts
	if files == nil {
		files = defaultKnownHosts()
	}
	db, err := knownHosts(files)
	if err != nil {
		return nil, nil, fmt.Errorf("%w: %w", ErrHostKey, err)
	}
	names := []string{c.Addr}
	if host, port, err := net.SplitHostPort(c.Addr); c.HostKeyAlias != "" {
		names = []string{net.JoinHostPort(c.HostKeyAlias, "22")} // an alias stands for host and port
	} else if err == nil && port != "22" {
		names = append(names, net.JoinHostPort(host, "22")) // a line without a port is for every port that has none of its own
	}
	algorithms := c.HostKeyAlgorithms
	for _, name := range names {
		if algorithms == nil {
			algorithms = preferred(db.HostKeyAlgorithms(name))
		}
	}
	check := db.HostKeyCallback()
	return refusing(func(_ string, remote net.Addr, key ssh.PublicKey) error {
		err := check(names[0], remote, key)
		if kind := refusal(err); len(names) > 1 && kind != nil && kind != ErrHostKeyChanged && kind != ErrHostKeyRevoked && check(names[1], remote, key) == nil {
			return nil
		}
		return err
	}), algorithms, nil
}

// preferred puts the types of key that are known before all others, which are there so that a server is found out that
// has lost its key; nil where nothing is known.
func preferred(known []string) []string {
	for _, a := range ssh.SupportedAlgorithms().HostKeys {
		if known != nil && !slices.Contains(known, a) {
			known = append(known, a)
		}
	}
	return known
}

// knownHosts reads files. The library gives up at a line that it cannot read, such as one of a type of key that is newer
// than it; OpenSSH passes over those, and so does the second try.
func knownHosts(files []string) (*knownhosts.HostKeyDB, error) {
	db, err := knownhosts.NewDB(files...)
	if err == nil {
		return db, nil
	}
	var readable []byte
	for _, file := range files {
		text, readErr := os.ReadFile(file)
		if readErr != nil {
			return nil, readErr
		}
		for line := range bytes.Lines(text) {
			if _, _, _, _, _, err := ssh.ParseKnownHosts(line); err == nil {
				readable = append(append(readable, bytes.TrimRight(line, "\r\n")...), '\n')
			}
		}
	}
	f, tempErr := os.CreateTemp("", "known_hosts")
	if tempErr != nil {
		return nil, err
	}
	defer os.Remove(f.Name())
	_, writeErr := f.Write(readable)
	if f.Close() != nil || writeErr != nil {
		return nil, err
	}
	return knownhosts.NewDB(f.Name())
}

// refusing makes the errors of check ones that tell what is wrong with the key.
func refusing(check ssh.HostKeyCallback) ssh.HostKeyCallback {
	return func(host string, remote net.Addr, key ssh.PublicKey) error {
		err := check(host, remote, key)
		if err == nil {
			return nil
		}
		return &hostKeyError{refusal(err), err, key}
	}
}

// refusal is the kind of a host key's refusal.
func refusal(err error) error {
	if err == nil {
		return nil
	}
	_, revoked := errors.AsType[*xknownhosts.RevokedError](err)
	key, known := errors.AsType[*xknownhosts.KeyError](err)
	switch {
	case revoked, strings.HasSuffix(err.Error(), " revoked"): // package ssh has no type for a revoked certificate
		return ErrHostKeyRevoked
	case known && len(key.Want) == 0:
		return ErrHostKeyUnknown
	case known:
		return ErrHostKeyChanged
	}
	return ErrHostKey
}

// A hostKeyError keeps what is wrong with a host key, who says so, and the key.
type hostKeyError struct {
	kind, cause error
	key         ssh.PublicKey
}

func (e *hostKeyError) Unwrap() []error { return []error{e.kind, e.cause} }

func (e *hostKeyError) Error() string {
	print := e.key.Type() + " " + ssh.FingerprintSHA256(e.key)
	switch e.kind {
	case ErrHostKeyUnknown:
		return fmt.Sprintf("%v (%s): if it is the right one, connect once with ssh to keep it", e.kind, print)
	case ErrHostKeyChanged:
		return fmt.Sprintf("%v (%s): if that is as it should be, remove the old one with ssh-keygen -R", e.kind, print)
	case ErrHostKeyRevoked:
		return fmt.Sprintf("%v (%s)", e.kind, print)
	}
	return fmt.Sprintf("%v (%s): %v", e.kind, print, e.cause)
}

var globalKnownHosts = []string{"/etc/ssh/ssh_known_hosts", "/etc/ssh/ssh_known_hosts2"}

func userKnownHosts() []string {
	home, err := os.UserHomeDir()
	if err != nil {
		return nil
	}
	return []string{filepath.Join(home, ".ssh/known_hosts"), filepath.Join(home, ".ssh/known_hosts2")}
}

func defaultKnownHosts() []string { return existing(append(userKnownHosts(), globalKnownHosts...)) }
