package sshhost

import (
	"cmp"
	"crypto/sha1"
	"errors"
	"fmt"
	"net"
	"os"
	"os/user"
	"regexp"
	"strconv"
	"strings"
)

// tokens returns the values of the tokens of ssh_config(5), by what was read so far.
func (s *sshSettings) tokens() map[byte]string {
	t := s.tokensOfUser()
	t['r'], _ = s.userName()
	t['C'] = fmt.Sprintf("%x", sha1.Sum([]byte(t['l']+t['h']+t['p']+t['r']+t['j'])))
	return t
}

// tokensOfUser returns the tokens that the option User takes: all but those that hold the user.
func (s *sshSettings) tokensOfUser() map[byte]string {
	local, _ := os.Hostname()
	short, _, _ := strings.Cut(local, ".")
	name, _ := s.hostName() // a bad one is an error of HostName
	port := cmp.Or(s.get("port"), "22")
	if number, err := net.LookupPort("tcp", port); err == nil {
		port = strconv.Itoa(number)
	}
	return map[byte]string{'d': s.home, 'h': name, 'i': s.uid, 'j': s.lastJump(), 'k': cmp.Or(s.get("hostkeyalias"), s.host),
		'L': short, 'l': local, 'n': s.host, 'p': port, 'u': s.me}
}

// lastJump returns the host of the last hop of ProxyJump, without its user and port; empty if there is none.
func (s *sshSettings) lastJump() string {
	hops := strings.Split(s.get("proxyjump"), ",")
	last := strings.TrimPrefix(hops[len(hops)-1], "ssh://")
	last = last[strings.LastIndexByte(last, '@')+1:]
	if host, _, err := net.SplitHostPort(last); err == nil {
		last = host
	}
	if strings.EqualFold(last, "none") {
		return ""
	}
	return strings.Trim(last, "[]")
}

// userName returns the user to log in as. Tokens and variables in the destination's own user mean nothing.
func (s *sshSettings) userName() (string, error) {
	name := s.get("user")
	switch {
	case name == "":
		return s.me, nil
	case s.userGiven:
		return name, nil
	}
	return expandVariables(name, s.tokensOfUser())
}

// expand replaces a tilde at the beginning of a file's name, environment variables in ${}, and tokens with a percent sign.
func (s *sshSettings) expand(file string, tokens map[byte]string) (string, error) {
	if rest, ok := strings.CutPrefix(file, "~"); ok {
		name, rest, _ := strings.Cut(rest, "/")
		home := s.home
		if name != "" {
			u, err := user.Lookup(name)
			if err != nil {
				return "", err
			}
			home = u.HomeDir
		}
		file = strings.ReplaceAll(home, "%", "%%") + "/" + rest
	}
	return expandVariables(file, tokens)
}

// expandVariables replaces environment variables in ${}, and tokens with a percent sign.
func expandVariables(text string, tokens map[byte]string) (string, error) {
	text, err := percent(text, tokens)
	if err != nil {
		return "", err
	}
	for _, variable := range environment.FindAllStringSubmatch(text, -1) {
		value := os.Getenv(variable[1])
		if value == "" {
			return "", fmt.Errorf("the environment has no %s", variable[1])
		}
		text = strings.ReplaceAll(text, variable[0], value)
	}
	return text, nil
}

var environment = regexp.MustCompile(`\$\{(\w+)\}`)

// percent replaces a percent sign and a letter by the letter's value. Without values nothing is replaced.
func percent(s string, tokens map[byte]string) (string, error) {
	if tokens == nil || !strings.Contains(s, "%") {
		return s, nil
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		switch value, ok := "", false; {
		case s[i] != '%':
			b.WriteByte(s[i])
		case i+1 == len(s):
			return "", errors.New("nothing behind the last %")
		case s[i+1] == '%':
			i++
			b.WriteByte('%')
		default:
			i++
			if value, ok = tokens[s[i]]; !ok {
				return "", fmt.Errorf("%%%c is not supported here", s[i])
			}
			b.WriteString(value)
		}
	}
	return b.String(), nil
}
