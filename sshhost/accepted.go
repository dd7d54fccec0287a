package sshhost

import (
	"crypto/rsa"
	"fmt"
	"slices"
	"strings"

	"golang.org/x/crypto/ssh"
)

// accepted returns the signers that PubkeyAcceptedAlgorithms and RequiredRSASize leave, each with the signatures that it
// may make.
func (c Config) accepted(way *wayIn, signers []ssh.Signer) (left []ssh.Signer) {
	for _, s := range signers {
		if bits := rsaBits(s.PublicKey()); bits > 0 && bits < c.RequiredRSASize {
			way.doubt(fmt.Errorf("the key %s has %d bits, and RequiredRSASize is %d", ssh.FingerprintSHA256(s.PublicKey()), bits, c.RequiredRSASize))
			continue
		}
		s, err := c.restricted(s)
		if err != nil {
			way.doubt(err)
			continue
		}
		left = append(left, s)
	}
	return left
}

// restricted returns s with the signatures that PubkeyAcceptedAlgorithms allows.
func (c Config) restricted(s ssh.Signer) (ssh.Signer, error) {
	if c.PubkeyAcceptedAlgorithms == nil {
		return s, nil
	}
	const certified = "-cert-v01@openssh.com"
	kind, isCertificate := strings.CutSuffix(s.PublicKey().Type(), certified)
	can := []string{kind}
	if kind == ssh.KeyAlgoRSA {
		can = []string{ssh.KeyAlgoRSASHA256, ssh.KeyAlgoRSASHA512, ssh.KeyAlgoRSA}
	}
	may := slices.DeleteFunc(slices.Clone(can), func(a string) bool {
		if isCertificate {
			a = strings.TrimSuffix(a, "@openssh.com") + certified
		}
		return !slices.Contains(c.PubkeyAcceptedAlgorithms, a)
	})
	if len(may) == 0 {
		return nil, fmt.Errorf("the key %s of type %s is not among PubkeyAcceptedAlgorithms", ssh.FingerprintSHA256(s.PublicKey()), s.PublicKey().Type())
	}
	by, ok := s.(ssh.AlgorithmSigner)
	if !ok || len(may) == len(can) {
		return s, nil
	}
	return ssh.NewSignerWithAlgorithms(by, may)
}

// rsaBits returns the size of an RSA key, or of the key of a certificate; 0 if it is of another type.
func rsaBits(key ssh.PublicKey) int {
	key, err := ssh.ParsePublicKey(key.Marshal()) // an agent has a type of its own for all of its keys
	if err != nil {
		return 0
	}
	if cert, ok := key.(*ssh.Certificate); ok {
		key = cert.Key
	}
	if known, ok := key.(ssh.CryptoPublicKey); ok {
		if r, ok := known.CryptoPublicKey().(*rsa.PublicKey); ok {
			return r.N.BitLen()
		}
	}
	return 0
}
