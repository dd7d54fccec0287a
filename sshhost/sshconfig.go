package sshhost

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/url"
	"os"
	"os/user"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// FromSSHConfig returns the Config that a file as ssh_config(5) describes has for a destination as one gives it to ssh:
// [user@]host[:port], or ssh://[user@]host[:port]. The host may be the name of a Host section. An empty file means
// ~/.ssh/config and, for what is not said there, /etc/ssh/ssh_config; files that these include are read too.
//
// These options are obeyed, in Host and Match sections: AddressFamily, BindAddress, CASignatureAlgorithms, CertificateFile,
// Ciphers, ConnectTimeout, GlobalKnownHostsFile, HostKeyAlgorithms, HostKeyAlias, HostName, IdentitiesOnly, IdentityAgent,
// IdentityFile, IgnoreUnknown, Include, KexAlgorithms, MACs, Port, PreferredAuthentications, ProxyCommand, ProxyJump,
// PubkeyAcceptedAlgorithms, PubkeyAuthentication, RequiredRSASize, RevokedHostKeys, ServerAliveCountMax,
// ServerAliveInterval, Tag, User and UserKnownHostsFile. A Match section may ask for host, originalhost, user, localuser,
// tagged, all and final. One for the destination that asks for anything else, as exec does, is an error.
//
// These would restrict the connection, or change where or how it is made, and are errors unless their value does nothing:
// BindInterface, CanonicalizeHostname, ChannelTimeout, CheckHostIP, KnownHostsCommand, PermitLocalCommand, ProxyUseFdpass,
// RefuseConnection, RemoteCommand and SessionType. So is an option that OpenSSH 10.6 does not have. The error names file,
// line and option. All other options have no effect on a Host. StrictHostKeyChecking is one: a host key is always checked,
// and nobody is asked.
//
// A list of algorithms may hold some that package ssh does not have, as long as it has one. A ServerAliveInterval of 0 is
// Config's default, and a ServerAliveCountMax of 0 counts as 1. Tokens and variables in User and Include are those of
// OpenSSH 10, which earlier versions take as they are. Every file that IdentityFile or CertificateFile names is in the
// Config, so that Dial can name those that are missing if the login fails.
func FromSSHConfig(destination, file string) (Config, error) {
	r := sshConfigReader{file: file}
	var err error
	if r.home, err = os.UserHomeDir(); err != nil {
		return Config{}, err
	}
	me, err := user.Current()
	if err != nil {
		return Config{}, err
	}
	r.user, r.uid = me.Username, me.Uid
	c, err := r.destination(destination, 0)
	if err != nil {
		return Config{}, fmt.Errorf("ssh configuration of %s: %w", destination, err)
	}
	return *c, nil
}

// maxHops ends a chain of jumps that bites its own tail.
const maxHops = 8

type sshConfigReader struct {
	file            string // empty: the usual ones
	home, user, uid string
}

// destination is the Config for a host. A user and a port of its own come before those of the files.
func (r *sshConfigReader) destination(spec string, hops int) (*Config, error) {
	if hops > maxHops {
		return nil, fmt.Errorf("more than %d jumps: does ProxyJump of %s lead back to it?", maxHops, spec)
	}
	addr, isURI := strings.CutPrefix(spec, "ssh://")
	set := map[string][]string{}
	at := strings.LastIndexByte(addr, '@')
	if at >= 0 {
		name, err := addr[:at], error(nil)
		if isURI {
			name, _, _ = strings.Cut(name, ";") // connection parameters, which OpenSSH ignores too
			if name, err = url.PathUnescape(name); err != nil {
				return nil, fmt.Errorf("user: %w", err)
			}
		}
		if name == "" || notUser.MatchString(name) {
			return nil, fmt.Errorf("the user's name %q is empty, or has characters that ssh refuses", name)
		}
		set["user"] = []string{name}
	}
	addr = addr[at+1:]
	if addr = strings.TrimSuffix(addr, "/"); isURI && strings.Contains(addr, "/") {
		return nil, errors.New("an ssh:// address has no path")
	}
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		host, port = strings.Trim(addr, "[]"), ""
	}
	if host == "" {
		return nil, errors.New("there is no host in it")
	}
	if notHost.MatchString(host) {
		return nil, fmt.Errorf("the host's name %q has characters that ssh refuses", host)
	}
	if port != "" {
		set["port"] = []string{port}
	}
	s := &sshSettings{host: host, me: r.user, home: r.home, uid: r.uid, set: set, userGiven: at >= 0}
	if err := r.read(s); err != nil {
		return nil, err
	}
	return r.config(s, hops)
}

// notHost and notUser find what OpenSSH refuses in the host and in the user of a destination, as either may get into a
// shell's text. In files it allows them.
var (
	notHost = regexp.MustCompile("^-|[\\s[:cntrl:]'`\"$\\\\;&<>|(){},]")
	notUser = regexp.MustCompile("^-|\\s-|['`\";&<>|(){}]|\\\\$")
)

func (r *sshConfigReader) read(s *sshSettings) error {
	own := filepath.Join(r.home, ".ssh")
	if r.file != "" {
		if err := s.read(r.file, own, false, 0); err != nil {
			return err
		}
	} else {
		for _, base := range []string{own, "/etc/ssh"} {
			name := map[bool]string{true: "config", false: "ssh_config"}[base == own]
			if err := s.read(filepath.Join(base, name), base, false, 0); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return err
			}
		}
	}
	if !s.wantAgain || s.second {
		return nil
	}
	s.second = true
	name, err := s.hostName()
	if err != nil {
		return err
	}
	s.set["hostname"] = []string{strings.ReplaceAll(name, "%", "%%")}
	return r.read(s)
}

// config makes a Config of what the files say.
func (r *sshConfigReader) config(s *sshSettings, hops int) (*Config, error) {
	var errs []error
	fail := func(key string, err error) {
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", key, err))
		}
	}
	name, err := s.hostName()
	fail("HostName", err)
	number, err := net.LookupPort("tcp", cmp.Or(s.get("port"), "22"))
	if err != nil || number == 0 {
		fail("Port", fmt.Errorf("%q is no port", s.get("port")))
	}
	c := &Config{Addr: net.JoinHostPort(name, strconv.Itoa(number)), HostKeyAlias: strings.ToLower(s.get("hostkeyalias"))}
	c.User, err = s.userName()
	fail("User", err)
	tokens := s.tokens()
	files := func(key string) []string {
		names, ok := s.set[strings.ToLower(key)]
		if !ok {
			return nil
		}
		all := []string{} // nil would mean the usual ones
		for _, file := range names {
			if strings.EqualFold(file, "none") {
				continue
			}
			file, err := s.expand(file, tokens)
			fail(key, err)
			all = append(all, file)
		}
		return all
	}
	c.KeyFiles, c.CertificateFiles = files("IdentityFile"), files("CertificateFile")
	if users, global := files("UserKnownHostsFile"), files("GlobalKnownHostsFile"); users != nil || global != nil {
		if users == nil {
			users = userKnownHosts()
		}
		if global == nil {
			global = globalKnownHosts
		}
		c.KnownHosts = existing(slices.Concat(users, global))
	}
	if revoked := s.get("revokedhostkeys"); !strings.EqualFold(revoked, "none") {
		c.RevokedHostKeys, err = s.expand(revoked, tokens)
		fail("RevokedHostKeys", err)
	}
	switch agent := s.get("identityagent"); {
	case agent == "" || agent == "SSH_AUTH_SOCK":
	case agent[0] == '$' && !strings.HasPrefix(agent, "${"):
		c.Agent = cmp.Or(os.Getenv(agent[1:]), "none")
	default:
		c.Agent, err = s.expand(agent, tokens)
		fail("IdentityAgent", err)
	}
	if c.IdentitiesOnly, err = s.yes("identitiesonly", false); err != nil {
		fail("IdentitiesOnly", err)
	}
	keys, err := s.yes("pubkeyauthentication", true)
	fail("PubkeyAuthentication", err)
	if ways := s.get("preferredauthentications"); ways != "" && !slices.Contains(strings.Split(ways, ","), "publickey") {
		keys = false
	}
	if !keys {
		c.KeyFiles, c.CertificateFiles, c.Agent = []string{}, nil, "none"
	}
	if c.AddressFamily = strings.ToLower(s.get("addressfamily")); c.AddressFamily == "any" {
		c.AddressFamily = ""
	}
	if _, ok := addressFamilies[c.AddressFamily]; !ok {
		fail("AddressFamily", fmt.Errorf("%q is neither any nor inet nor inet6", c.AddressFamily))
	}
	c.BindAddress = s.get("bindaddress")
	if v := s.get("requiredrsasize"); v != "" {
		if c.RequiredRSASize, err = strconv.Atoi(v); err != nil || c.RequiredRSASize < 0 {
			fail("RequiredRSASize", fmt.Errorf("%q is no number", v))
		}
	}
	for option, list := range map[string]*[]string{"Ciphers": &c.Ciphers, "KexAlgorithms": &c.KeyExchanges, "MACs": &c.MACs,
		"HostKeyAlgorithms": &c.HostKeyAlgorithms, "CASignatureAlgorithms": &c.CASignatureAlgorithms,
		"PubkeyAcceptedAlgorithms": &c.PubkeyAcceptedAlgorithms} {
		*list, err = algorithms(option, s.get(strings.ToLower(option)))
		fail(option, err)
	}
	c.Timeout, err = sshTime(s.get("connecttimeout"))
	fail("ConnectTimeout", err)
	c.KeepAlive, err = sshTime(s.get("serveraliveinterval"))
	fail("ServerAliveInterval", err)
	if v := s.get("serveralivecountmax"); v != "" {
		if c.KeepAliveCount, err = strconv.Atoi(v); err != nil || c.KeepAliveCount < 0 {
			fail("ServerAliveCountMax", fmt.Errorf("%q is no number", v))
		}
		c.KeepAliveCount = max(c.KeepAliveCount, 1)
	}
	if command := s.get("proxycommand"); command != "" && !strings.EqualFold(command, "none") {
		c.ProxyCommand, err = percent(command, tokens)
		if unsafe.MatchString(s.host) || unsafe.MatchString(name) || unsafe.MatchString(c.User) {
			err = errors.New("the host's or the user's name has characters that mean something to a shell")
		}
		fail("ProxyCommand", err)
	}
	jump, err := percent(s.get("proxyjump"), tokens)
	fail("ProxyJump", err)
	if err := errors.Join(errs...); err != nil {
		return nil, oneLine(errs)
	}
	if jump == "" || strings.EqualFold(jump, "none") {
		return c, nil
	}
	c.Jump, err = r.jump(jump, hops+1)
	return c, err
}

// yes returns the value of an option that is yes or no, or otherwise if it is not set. PubkeyAuthentication has more forms
// of yes.
func (s *sshSettings) yes(key string, otherwise bool) (bool, error) {
	switch v := strings.ToLower(s.get(key)); v {
	case "":
		return otherwise, nil
	case "yes", "true":
		return true, nil
	case "unbound", "host-bound":
		if key == "pubkeyauthentication" {
			return true, nil
		}
		fallthrough
	default:
		return false, fmt.Errorf("%q is neither yes nor no", v)
	case "no", "false":
		return false, nil
	}
}

// unsafe finds what a name must not have that is put into a shell's text, wherever it is put.
var unsafe = regexp.MustCompile("^-|[\\s'`\"$\\\\;&<>|(){}]")

// oneLine joins errors in one line.
func oneLine(errs []error) error {
	err := errs[0]
	for _, e := range errs[1:] {
		err = fmt.Errorf("%w; %w", err, e)
	}
	return err
}

// jump returns the last of several hops: the first is connected to as its own configuration says, each other one through
// the one before.
func (r *sshConfigReader) jump(list string, hops int) (last *Config, err error) {
	for spec := range strings.SplitSeq(list, ",") {
		c, err := r.destination(strings.TrimSpace(spec), hops)
		if err != nil {
			return nil, err
		}
		if last != nil {
			c.Jump, c.ProxyCommand = last, ""
		}
		last = c
	}
	return last, nil
}

var sshTimes = regexp.MustCompile(`^(\d+[sSmMhHdDwW]?)+$`)

// sshTime reads a time as sshd_config(5) describes: seconds, or numbers with units such as 1m30s.
func sshTime(v string) (time.Duration, error) {
	if v == "" || v == "none" {
		return 0, nil
	}
	if !sshTimes.MatchString(v) {
		return 0, fmt.Errorf("%q is no time", v)
	}
	var sum time.Duration
	for _, part := range regexp.MustCompile(`\d+\D?`).FindAllString(strings.ToLower(v), -1) {
		unit := time.Second
		switch digits := part[:len(part)-1]; part[len(part)-1] {
		case 's':
			part = digits
		case 'm':
			part, unit = digits, time.Minute
		case 'h':
			part, unit = digits, time.Hour
		case 'd':
			part, unit = digits, 24*time.Hour
		case 'w':
			part, unit = digits, 7*24*time.Hour
		}
		n, err := strconv.Atoi(part)
		if err != nil || time.Duration(n) > (1<<62)/unit {
			return 0, fmt.Errorf("%q is too long a time", v)
		}
		sum += time.Duration(n) * unit
	}
	return sum, nil
}

// existing returns the files that there are, and those of which that is not known; never nil, which would mean the usual
// ones.
func existing(files []string) []string {
	there := []string{}
	for _, f := range files {
		if _, err := os.Stat(f); !errors.Is(err, fs.ErrNotExist) {
			there = append(there, f)
		}
	}
	return there
}
