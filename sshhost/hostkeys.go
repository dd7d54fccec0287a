package sshhost

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"slices"
	"strings"

	"golang.org/x/crypto/ssh"
	xknownhosts "golang.org/x/crypto/ssh/knownhosts"

	"github.com/tunaperf/tuna/internal/shquote"
)

// hostKeys returns the function that decides on the server's key, and the algorithms to ask the server for, the preferred
// one first.
func (c Config) hostKeys(ctx context.Context) (ssh.HostKeyCallback, []string, error) {
	var revoked []knownKey
	if c.RevokedHostKeys != "" {
		var err error
		if revoked, err = readRevoked(ctx, c.RevokedHostKeys); err != nil {
			return nil, nil, err
		}
	}
	check, algorithms := c.HostKeyCallback, c.HostKeyAlgorithms
	if check == nil {
		files := c.KnownHosts
		if files == nil {
			files = slices.Concat(userKnownHosts(), globalKnownHosts)
		}
		all, err := readKnownHosts(ctx, files, c.KnownHosts == nil)
		if err != nil {
			return nil, nil, err
		}
		names := c.knownNames()
		var known []string
		for _, name := range names {
			if known == nil {
				known = knownAlgorithms(linesFor(all, name))
			}
		}
		if algorithms == nil {
			algorithms = known
		} else {
			algorithms = knownFirst(algorithms, known)
		}
		check = func(_ string, _ net.Addr, key ssh.PublicKey) error { return c.checkKnown(all, names, key) }
	}
	return func(host string, remote net.Addr, key ssh.PublicKey) error {
		if k := revokedBy(revoked, key); k != nil {
			return &hostKeyError{kind: ErrHostKeyRevoked, key: key, by: k}
		}
		if bits := rsaBits(key); bits > 0 && bits < c.RequiredRSASize {
			return &hostKeyError{kind: ErrHostKey, key: key,
				cause: fmt.Errorf("it has %d bits, and RequiredRSASize is %d", bits, c.RequiredRSASize)}
		}
		err := check(host, remote, key)
		if _, ours := errors.AsType[*hostKeyError](err); err == nil || ours {
			return err
		}
		return calledBack(err, key)
	}, algorithms, nil
}

// revokedBy returns the line that revokes a key, or a certificate's key or authority; nil if there is none.
func revokedBy(lines []knownKey, key ssh.PublicKey) *knownKey {
	is := []ssh.PublicKey{key}
	if cert, ok := key.(*ssh.Certificate); ok {
		is = []ssh.PublicKey{cert.Key, cert.SignatureKey}
	}
	for _, k := range lines {
		for _, key := range is {
			if k.marker == "@revoked" && sameKey(k.key, key) {
				return &k
			}
		}
	}
	return nil
}

// checkKnown decides on a key by the lines of known_hosts files, as OpenSSH does.
func (c Config) checkKnown(all []knownKey, names []string, key ssh.PublicKey) error {
	var first *hostKeyError
	for _, name := range names {
		refused := c.checkLines(linesFor(all, name), names[len(names)-1], key)
		if refused == nil {
			return nil
		}
		if first == nil {
			refused.name, first = name, refused
		}
		if refused.kind != ErrHostKeyUnknown {
			break
		}
	}
	if first.kind == ErrHostKeyUnknown {
		first.hint = c.unknownHint(names[0])
	}
	return first
}

// checkLines decides on a key by the lines for its host. A certificate that no authority among them has signed, or that
// is not valid, counts as its plain key. host is the name that must be among a certificate's principals.
func (c Config) checkLines(lines []knownKey, host string, key ssh.PublicKey) *hostKeyError {
	if k := revokedBy(lines, key); k != nil {
		return &hostKeyError{kind: ErrHostKeyRevoked, key: key, by: k}
	}
	var why error
	if cert, ok := key.(*ssh.Certificate); ok {
		for _, k := range lines {
			if k.marker == "@cert-authority" && sameKey(k.key, cert.SignatureKey) {
				if why = c.checkHostCertificate(cert, host); why == nil {
					return nil
				}
				break
			}
		}
		key = cert.Key
	}
	refused := &hostKeyError{kind: ErrHostKeyUnknown, key: key, cause: why}
	for _, k := range lines {
		switch {
		case k.marker != "":
		case sameKey(k.key, key):
			return nil
		case refused.by == nil:
			refused.kind, refused.by = ErrHostKeyChanged, &k
		}
	}
	return refused
}

// checkHostCertificate returns an error if a certificate is not valid for a host.
func (c Config) checkHostCertificate(cert *ssh.Certificate, host string) error {
	if cert.CertType != ssh.HostCert {
		return fmt.Errorf("the certificate %q is not for a host", cert.KeyId)
	}
	if by := cert.Signature.Format; c.CASignatureAlgorithms != nil && !slices.Contains(c.CASignatureAlgorithms, by) {
		return fmt.Errorf("the certificate %q is signed by %s, which is not among CASignatureAlgorithms", cert.KeyId, by)
	}
	return new(ssh.CertChecker).CheckCert(host, cert)
}

// unknownHint returns what a user can do about an unknown key that is the right one.
func (c Config) unknownHint(name string) string {
	if c.KnownHosts == nil && c.HostKeyAlias == "" {
		return "if it is the right one, connect once with ssh to keep it"
	}
	files := c.KnownHosts
	if files == nil {
		files = userKnownHosts()[:1]
	}
	for _, file := range files {
		if info, err := os.Stat(file); errors.Is(err, fs.ErrNotExist) || err == nil && info.Mode().IsRegular() {
			return fmt.Sprintf("if it is the right one, add it to %s under the name %s", file, name)
		}
	}
	return "no file of known host keys is read: name one that holds it"
}

// A hostKeyError says which host key was refused and why.
type hostKeyError struct {
	kind  error
	key   ssh.PublicKey
	name  string    // that was looked for
	by    *knownKey // the line that differs or revokes; nil: none
	hint  string    // for an unknown key
	cause error     // nil: none
}

func (e *hostKeyError) Unwrap() []error {
	if e.cause == nil {
		return []error{e.kind}
	}
	return []error{e.kind, e.cause}
}

func (e *hostKeyError) Error() string {
	text := fmt.Sprintf("%v (%s %s)", e.kind, e.key.Type(), ssh.FingerprintSHA256(e.key))
	if e.cause != nil {
		text += fmt.Sprintf(": %v", e.cause)
	}
	switch {
	case e.kind == ErrHostKeyRevoked && e.by != nil:
		text += fmt.Sprintf(" by %s line %d", e.by.file, e.by.line)
	case e.kind == ErrHostKeyChanged && e.by != nil:
		text += fmt.Sprintf(": %s line %d has another one (%s)", e.by.file, e.by.line, e.by.key.Type())
		if e.name != "" {
			text += fmt.Sprintf(": if the change is as it should be, remove the old key with ssh-keygen -f %s -R %s",
				shquote.Quote(e.by.file), shquote.Quote(e.name))
		}
	case e.hint != "":
		text += ": " + e.hint
	}
	return text
}

// calledBack returns the error of a caller's HostKeyCallback with its kind, which is known if the callback is of package
// knownhosts.
func calledBack(err error, key ssh.PublicKey) error {
	e := &hostKeyError{kind: ErrHostKey, key: key, cause: err}
	revoked, isRevoked := errors.AsType[*xknownhosts.RevokedError](err)
	other, isKnown := errors.AsType[*xknownhosts.KeyError](err)
	switch {
	case isRevoked:
		e.kind = ErrHostKeyRevoked
		e.by = &knownKey{file: revoked.Revoked.Filename, line: revoked.Revoked.Line, key: revoked.Revoked.Key}
	case strings.HasSuffix(err.Error(), " revoked"): // package ssh has no type for a revoked certificate
		e.kind = ErrHostKeyRevoked
	case isKnown && len(other.Want) == 0:
		e.kind = ErrHostKeyUnknown
	case isKnown:
		e.kind = ErrHostKeyChanged
		e.by = &knownKey{file: other.Want[0].Filename, line: other.Want[0].Line, key: other.Want[0].Key}
	}
	return e
}
