package sshhost

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/crypto/ssh"
)

// A knownKey is a line of a known_hosts file as sshd(8) describes it.
type knownKey struct {
	file   string
	line   int
	marker string // "@cert-authority", "@revoked" or empty
	hosts  string // patterns with commas between, or one hashed name
	key    ssh.PublicKey
}

// readKnownHosts returns the lines of files. OpenSSH ignores a line that it cannot read, such as one with a key of an
// unsupported type, and so does readKnownHosts. Optional files need not exist.
func readKnownHosts(ctx context.Context, files []string, optional bool) ([]knownKey, error) {
	var all []knownKey
	for _, file := range files {
		text, err := readFile(ctx, file)
		if optional && errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		number := 0
		for line := range bytes.Lines(text) {
			number++
			if k, ok := parseKnownKey(string(line)); ok {
				k.file, k.line = file, number
				all = append(all, k)
			}
		}
	}
	return all, nil
}

func parseKnownKey(line string) (k knownKey, ok bool) {
	words := strings.Fields(line)
	if len(words) > 0 && (words[0] == "@cert-authority" || words[0] == "@revoked") {
		k.marker, words = words[0], words[1:]
	}
	if len(words) < 3 || strings.IndexByte("#@", words[0][0]) >= 0 {
		return k, false
	}
	blob, err := base64.StdEncoding.DecodeString(words[2])
	if err != nil {
		return k, false
	}
	k.hosts = words[0]
	k.key, err = ssh.ParsePublicKey(blob)
	return k, err == nil && k.key.Type() == words[1]
}

// isFor reports whether the line is for a host with that name, which is in lower case.
func (k *knownKey) isFor(name string) bool {
	hash, hashed := strings.CutPrefix(k.hosts, "|1|")
	if !hashed {
		return matchPatterns(strings.Split(strings.ToLower(k.hosts), ","), name)
	}
	salt, sum, _ := strings.Cut(hash, "|")
	key, err := base64.StdEncoding.DecodeString(salt)
	if err != nil {
		return false
	}
	mac := hmac.New(sha1.New, key)
	mac.Write([]byte(name))
	return sum == base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

// linesFor returns the lines for a host.
func linesFor(all []knownKey, name string) (lines []knownKey) {
	for _, k := range all {
		if k.isFor(name) {
			lines = append(lines, k)
		}
	}
	return lines
}

// knownNames returns the names by which a host stands in known_hosts files. The second one counts if no line is for the
// first.
func (c Config) knownNames() []string {
	host, port, _ := net.SplitHostPort(c.Addr)
	host = strings.ToLower(host)
	if addr, err := netip.ParseAddr(host); err == nil {
		host = addr.String() // as ssh looks for it: an IPv6 address can be written in several ways
	}
	switch {
	case c.HostKeyAlias != "": // stands for the port as well
		return []string{strings.ToLower(c.HostKeyAlias)}
	case port == "22":
		return []string{host}
	}
	return []string{"[" + host + "]:" + port, host}
}

// knownAlgorithms returns the types of key to ask a server for, the types of which there are lines before all others. The
// others are there so that a server with another key is found out. An authority may certify a key of any type. Nil if
// there are no lines.
func knownAlgorithms(lines []knownKey) (algorithms []string) {
	all := ssh.SupportedAlgorithms().HostKeys
	if slices.ContainsFunc(lines, func(k knownKey) bool { return k.marker == "@cert-authority" }) {
		for _, a := range all {
			if strings.Contains(a, "-cert-") {
				algorithms = append(algorithms, a)
			}
		}
	}
	for _, k := range lines {
		switch kind := k.key.Type(); {
		case k.marker != "":
		case kind == ssh.KeyAlgoRSA:
			algorithms = append(algorithms, ssh.KeyAlgoRSASHA512, ssh.KeyAlgoRSASHA256, kind)
		default:
			algorithms = append(algorithms, kind)
		}
	}
	if algorithms == nil {
		return nil
	}
	algorithms = append(algorithms, all...)
	seen := map[string]bool{}
	return slices.DeleteFunc(algorithms, func(a string) bool {
		twice := seen[a]
		seen[a] = true
		return twice
	})
}

// knownFirst returns algorithms with those first that are known.
func knownFirst(algorithms, known []string) (ordered []string) {
	for _, a := range known {
		if slices.Contains(algorithms, a) {
			ordered = append(ordered, a)
		}
	}
	for _, a := range algorithms {
		if !slices.Contains(ordered, a) {
			ordered = append(ordered, a)
		}
	}
	return ordered
}

var globalKnownHosts = []string{"/etc/ssh/ssh_known_hosts", "/etc/ssh/ssh_known_hosts2"}

func userKnownHosts() []string {
	home, err := os.UserHomeDir()
	if err != nil {
		return nil
	}
	return []string{filepath.Join(home, ".ssh/known_hosts"), filepath.Join(home, ".ssh/known_hosts2")}
}

// readRevoked returns the keys in a file of revoked ones, as text: one key a line, as in authorized_keys. OpenSSH refuses
// every key if the file cannot be read, and so does readRevoked.
func readRevoked(ctx context.Context, file string) ([]knownKey, error) {
	text, err := readFile(ctx, file)
	if err != nil {
		return nil, fmt.Errorf("RevokedHostKeys: %w", err)
	}
	if bytes.HasPrefix(text, []byte("SSHKRL\n\x00")) {
		return nil, fmt.Errorf("RevokedHostKeys: %s is a key revocation list (KRL), which is not supported: "+
			"a text file with one public key a line is", file)
	}
	var all []knownKey
	number := 0
	for line := range bytes.Lines(text) {
		number++
		if line = bytes.TrimSpace(line); len(line) == 0 || line[0] == '#' {
			continue
		}
		key, _, _, _, err := ssh.ParseAuthorizedKey(line)
		if err != nil {
			return nil, fmt.Errorf("RevokedHostKeys: %s line %d: %w", file, number, err)
		}
		all = append(all, knownKey{file: file, line: number, marker: "@revoked", key: key})
	}
	return all, nil
}
