package sshhost

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/agent"
)

// A wayIn is how to log in.
type wayIn struct {
	methods []ssh.AuthMethod
	release func()  // closes, after the login, what was opened for it
	doubts  []error // about keys that could not be used, or will be of no use: of interest where the login fails
}

// auth returns the ways to log in. An unusable key is an error only if there is no other way to log in.
func (c Config) auth(ctx context.Context) (*wayIn, error) {
	if c.Auth != nil {
		return &wayIn{methods: c.Auth, release: func() {}}, nil
	}
	signers, release, err := c.agentKeys(ctx)
	if err != nil && ctx.Err() != nil {
		release()
		return nil, fmt.Errorf("SSH agent: %w", ctxError(ctx))
	}
	way := &wayIn{release: release}
	way.doubt(err)
	own := c.fileKeys(ctx, way, signers)
	certified := c.certified(ctx, way, append(own[:len(own):len(own)], signers...))
	if c.IdentitiesOnly {
		signers = slices.DeleteFunc(signers, func(s ssh.Signer) bool { return !c.ownsKey(ctx, s.PublicKey()) })
	}
	if ctx.Err() != nil {
		release()
		for _, err := range way.doubts {
			if errors.Is(err, context.Cause(ctx)) {
				return nil, err // which names the file
			}
		}
		return nil, ctxError(ctx)
	}
	// The files first: an agent may hold more keys than the server has patience for.
	known := map[string]bool{}
	signers = slices.DeleteFunc(slices.Concat(certified, own, signers), func(s ssh.Signer) bool {
		key := string(s.PublicKey().Marshal())
		twice := known[key]
		known[key] = true
		return twice
	})
	signers = c.accepted(way, signers)
	if len(signers) > 0 {
		way.methods = append(way.methods, ssh.PublicKeys(signers...)) // package ssh tries each method once: all keys in one
	}
	if c.Password != "" {
		way.methods = append(way.methods, ssh.Password(c.Password), ssh.KeyboardInteractive(c.answer))
	}
	if way.methods == nil && way.doubts != nil {
		release()
		return nil, fmt.Errorf("%w: %w", ErrNoKey, oneLine(way.doubts))
	}
	for _, s := range signers {
		key, err := ssh.ParsePublicKey(s.PublicKey().Marshal()) // an agent has a type of its own for all of its keys
		if cert, ok := key.(*ssh.Certificate); err == nil && ok {
			way.doubt(c.uselessness(cert))
		}
	}
	return way, nil
}

func (w *wayIn) doubt(err error) {
	if err != nil {
		w.doubts = append(w.doubts, err)
	}
}

// uselessness tells why a server will not take a certificate, as far as that can be seen in it.
func (c Config) uselessness(cert *ssh.Certificate) error {
	day := func(unix uint64) string { return time.Unix(int64(unix), 0).Format(time.DateTime) }
	why := ""
	switch now := uint64(time.Now().Unix()); {
	case cert.CertType != ssh.UserCert:
		why = "is for a host"
	case now < cert.ValidAfter:
		why = "is not valid before " + day(cert.ValidAfter)
	case cert.ValidBefore != ssh.CertTimeInfinity && now >= cert.ValidBefore:
		why = "has expired on " + day(cert.ValidBefore)
	case len(cert.ValidPrincipals) > 0 && !slices.Contains(cert.ValidPrincipals, c.User):
		why = "is for " + strings.Join(cert.ValidPrincipals, ", ")
	default:
		return nil
	}
	return fmt.Errorf("the certificate %q %s", cert.KeyId, why)
}

// answer gives the password where a server asks in the way that fits any question.
func (c Config) answer(_, _ string, questions []string, echos []bool) ([]string, error) {
	answers := make([]string, len(questions))
	if len(questions) == 1 && !echos[0] {
		answers[0] = c.Password
	}
	return answers, nil
}

func (c Config) agentKeys(ctx context.Context) (signers []ssh.Signer, release func(), err error) {
	socket := cmp.Or(c.Agent, os.Getenv("SSH_AUTH_SOCK"))
	if socket == "" || socket == "none" {
		return nil, func() {}, nil
	}
	conn, err := new(net.Dialer).DialContext(ctx, "unix", socket)
	if err != nil {
		return nil, func() {}, nil // no agent: the files may do
	}
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	release = func() { stop(); conn.Close() }
	if signers, err = agent.NewClient(conn).Signers(); err != nil {
		return nil, release, fmt.Errorf("SSH agent: %w", err)
	}
	return signers, release, nil
}

// fileKeys returns the keys in KeyFiles. A file with a public key stands for one of the agent's.
func (c Config) fileKeys(ctx context.Context, way *wayIn, agents []ssh.Signer) (signers []ssh.Signer) {
	files := c.KeyFiles
	if files == nil {
		home, err := os.UserHomeDir()
		if err != nil {
			return nil
		}
		for _, name := range []string{"id_rsa", "id_ecdsa", "id_ed25519"} {
			files = append(files, filepath.Join(home, ".ssh", name))
		}
	}
	for _, file := range files {
		s, err := c.fileKey(ctx, file)
		half, ok := errors.AsType[*publicHalf](err)
		if ok && slices.ContainsFunc(agents, func(s ssh.Signer) bool { return sameKey(s.PublicKey(), half.key) }) {
			continue
		}
		if c.KeyFiles != nil || ctx.Err() != nil {
			way.doubt(err)
		}
		signers = append(signers, s...)
	}
	return signers
}

// fileKey returns the key in a file, after its certificate if there is one.
func (c Config) fileKey(ctx context.Context, file string) ([]ssh.Signer, error) {
	text, err := readFile(ctx, file)
	if err != nil {
		return nil, err
	}
	if key, _, _, _, err := ssh.ParseAuthorizedKey(text); err == nil {
		return nil, &publicHalf{file, key}
	}
	signer, err := ssh.ParsePrivateKey(text)
	if _, encrypted := errors.AsType[*ssh.PassphraseMissingError](err); encrypted {
		if c.Passphrase == nil {
			return nil, nil
		}
		passphrase, askErr := c.Passphrase(file)
		if askErr != nil {
			return nil, fmt.Errorf("passphrase of %s: %w", file, askErr)
		}
		signer, err = ssh.ParsePrivateKeyWithPassphrase(text, []byte(passphrase))
	}
	if err != nil {
		return nil, fmt.Errorf("key %s: %w", file, err)
	}
	cert, err := readCertificate(ctx, file+"-cert.pub")
	if errors.Is(err, os.ErrNotExist) {
		return []ssh.Signer{signer}, nil
	}
	if err != nil {
		return []ssh.Signer{signer}, err
	}
	certified, err := ssh.NewCertSigner(cert, signer)
	if err != nil {
		return []ssh.Signer{signer}, fmt.Errorf("certificate %s-cert.pub: %w", file, err)
	}
	return []ssh.Signer{certified, signer}, nil
}

// A publicHalf is the error of a key file that has a public key.
type publicHalf struct {
	file string
	key  ssh.PublicKey
}

func (p *publicHalf) Error() string {
	return fmt.Sprintf("key %s: it is a public key, and the agent has none for it", p.file)
}

func readCertificate(ctx context.Context, file string) (*ssh.Certificate, error) {
	text, err := readFile(ctx, file)
	if err != nil {
		return nil, err
	}
	public, _, _, _, err := ssh.ParseAuthorizedKey(text)
	if err != nil {
		return nil, fmt.Errorf("certificate %s: %w", file, err)
	}
	cert, ok := public.(*ssh.Certificate)
	if !ok {
		return nil, fmt.Errorf("certificate %s: it is a plain key", file)
	}
	return cert, nil
}

// certified returns the certificates in CertificateFiles whose keys are among signers.
func (c Config) certified(ctx context.Context, way *wayIn, signers []ssh.Signer) (all []ssh.Signer) {
	for _, file := range c.CertificateFiles {
		cert, err := readCertificate(ctx, file)
		if err != nil {
			way.doubt(err)
			continue
		}
		i := slices.IndexFunc(signers, func(s ssh.Signer) bool { return sameKey(s.PublicKey(), cert.Key) })
		if i < 0 {
			continue // as for a key that is encrypted: there may be another way to log in
		}
		signer, err := ssh.NewCertSigner(cert, signers[i])
		if err != nil {
			way.doubt(fmt.Errorf("certificate %s: %w", file, err))
			continue
		}
		all = append(all, signer)
	}
	return all
}

func sameKey(a, b ssh.PublicKey) bool { return string(a.Marshal()) == string(b.Marshal()) }

// ownsKey reports whether key is the public half of one of the key files, or what a certificate is for.
func (c Config) ownsKey(ctx context.Context, key ssh.PublicKey) bool {
	for _, file := range c.CertificateFiles {
		if cert, err := readCertificate(ctx, file); err == nil && sameKey(cert.Key, key) {
			return true
		}
	}
	for _, file := range c.KeyFiles {
		text, err := readFile(ctx, strings.TrimSuffix(file, ".pub")+".pub")
		if err != nil {
			continue
		}
		if own, _, _, _, err := ssh.ParseAuthorizedKey(text); err == nil && sameKey(own, key) {
			return true
		}
	}
	return false
}
