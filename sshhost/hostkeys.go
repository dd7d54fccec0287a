package sshhost

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"

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
	name := c.Addr
	if c.HostKeyAlias != "" {
		name = net.JoinHostPort(c.HostKeyAlias, "22") // an alias stands for host and port
	}
	algorithms := c.HostKeyAlgorithms
	if known := db.HostKeyAlgorithms(name); algorithms == nil && known != nil {
		// The others too, so that a server that has lost its key is found out for that.
		algorithms = known
		for _, a := range ssh.SupportedAlgorithms().HostKeys {
			if !slices.Contains(known, a) {
				algorithms = append(algorithms, a)
			}
		}
	}
	check := db.HostKeyCallback()
	return refusing(func(_ string, remote net.Addr, key ssh.PublicKey) error { return check(name, remote, key) }), algorithms, nil
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
		kind := ErrHostKey
		if _, ok := errors.AsType[*xknownhosts.RevokedError](err); ok {
			kind = ErrHostKeyRevoked
		} else if k, ok := errors.AsType[*xknownhosts.KeyError](err); ok && len(k.Want) == 0 {
			kind = ErrHostKeyUnknown
		} else if ok {
			kind = ErrHostKeyChanged
		}
		return &hostKeyError{kind, err, key}
	}
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
