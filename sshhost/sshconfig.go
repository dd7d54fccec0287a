package sshhost

import (
	"cmp"
	"errors"
	"fmt"
	"net"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/kevinburke/ssh_config"
)

// FromSSHConfig returns the Config that a file as ssh_config(5) describes has for a destination as one gives it to ssh:
// [user@]host[:port], or ssh://[user@]host[:port]. The host may be the name of a Host section. An empty file means ~/.ssh/config and, for what is not said there, /etc/ssh/ssh_config; files that these include
// are read too.
//
// Understood are HostName, User, Port, IdentityFile, IdentitiesOnly, IdentityAgent, UserKnownHostsFile,
// GlobalKnownHostsFile, HostKeyAlias, HostKeyAlgorithms, ProxyJump, ConnectTimeout and ServerAliveInterval, in Host sections
// and in Match sections that ask for a host only. A ProxyCommand is an error, and so is a Match section that asks for
// anything else. StrictHostKeyChecking has no effect: a host key is always checked, and nobody is asked.
func FromSSHConfig(destination, file string) (Config, error) {
	r := sshConfigReader{settings: &ssh_config.UserSettings{}}
	if file != "" {
		r.settings.ConfigFinder(func() string { return file })
	}
	var err error
	if r.home, err = os.UserHomeDir(); err != nil {
		return Config{}, err
	}
	me, err := user.Current()
	if err != nil {
		return Config{}, err
	}
	r.user = me.Username
	c, err := r.destination(destination, 0)
	if err != nil {
		return Config{}, fmt.Errorf("ssh configuration of %s: %w", destination, err)
	}
	return *c, nil
}

// destination is config for a host with a user and a port of its own, which come before those of the files.
func (r *sshConfigReader) destination(spec string, hops int) (*Config, error) {
	spec = strings.TrimSuffix(strings.TrimPrefix(strings.TrimSpace(spec), "ssh://"), "/")
	user, addr, found := strings.Cut(spec, "@")
	if !found {
		user, addr = "", spec
	}
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		host, port = strings.Trim(addr, "[]"), ""
	}
	c, err := r.config(host, hops)
	if err != nil {
		return nil, err
	}
	c.User = cmp.Or(user, c.User)
	if port != "" {
		own, _, _ := net.SplitHostPort(c.Addr)
		c.Addr = net.JoinHostPort(own, port)
	}
	return c, nil
}

// maxHops ends a chain of jumps that bites its own tail.
const maxHops = 8

type sshConfigReader struct {
	settings   *ssh_config.UserSettings
	home, user string
	errs       []error
}

func (r *sshConfigReader) config(host string, hops int) (*Config, error) {
	if hops > maxHops {
		return nil, fmt.Errorf("more than %d jumps: does ProxyJump of %s lead back to it?", maxHops, host)
	}
	name := strings.ReplaceAll(cmp.Or(r.get(host, "HostName"), host), "%h", host)
	port := cmp.Or(r.get(host, "Port"), "22")
	c := &Config{
		Addr:           net.JoinHostPort(name, port),
		User:           cmp.Or(r.get(host, "User"), r.user),
		HostKeyAlias:   r.get(host, "HostKeyAlias"),
		IdentitiesOnly: r.get(host, "IdentitiesOnly") == "yes",
		Timeout:        r.seconds(host, "ConnectTimeout"),
		KeepAlive:      r.seconds(host, "ServerAliveInterval"),
	}
	expand := func(s string) string {
		if rest, ok := strings.CutPrefix(s, "~/"); ok {
			s = filepath.Join(r.home, rest)
		}
		return strings.NewReplacer("%%", "%", "%d", r.home, "%h", name, "%n", host, "%p", port, "%r", c.User, "%u", r.user).Replace(s)
	}
	switch agent := r.get(host, "IdentityAgent"); {
	case agent == "SSH_AUTH_SOCK":
	case strings.HasPrefix(agent, "$"):
		c.Agent = os.Getenv(strings.Trim(agent, "${}"))
	case agent != "":
		c.Agent = expand(agent)
	}
	for _, f := range r.all(host, "IdentityFile") {
		c.KeyFiles = append(c.KeyFiles, expand(f))
	}
	if c.KeyFiles != nil {
		c.KeyFiles = existing(c.KeyFiles)
	}
	for _, key := range []string{"UserKnownHostsFile", "GlobalKnownHostsFile"} {
		if v := r.get(host, key); v != "" {
			c.KnownHosts = append(c.KnownHosts, strings.Fields(v)...)
		}
	}
	if c.KnownHosts != nil {
		for i, f := range c.KnownHosts {
			c.KnownHosts[i] = expand(f)
		}
		c.KnownHosts = existing(c.KnownHosts)
	}
	// A list that begins with a sign changes OpenSSH's own list, which is not ours.
	if v := r.get(host, "HostKeyAlgorithms"); v != "" && !strings.ContainsAny(v[:1], "+-^") {
		c.HostKeyAlgorithms = strings.Split(v, ",")
	}
	jump := r.get(host, "ProxyJump")
	if command := r.get(host, "ProxyCommand"); jump == "" && command != "" && command != "none" {
		return nil, errors.New("ProxyCommand is not supported: use ProxyJump")
	}
	if err := errors.Join(r.errs...); err != nil {
		return nil, err
	}
	if jump == "" || jump == "none" {
		return c, nil
	}
	var err error
	c.Jump, err = r.jump(jump, hops+1)
	return c, err
}

// jump returns the last of several hops: the first is connected to as its own configuration says, each other one through
// the one before.
func (r *sshConfigReader) jump(list string, hops int) (last *Config, err error) {
	for spec := range strings.SplitSeq(list, ",") {
		c, err := r.destination(spec, hops)
		if err != nil {
			return nil, err
		}
		if last != nil {
			c.Jump = last
		}
		last = c
	}
	return last, nil
}

// get returns what the files say, not what OpenSSH would take by default.
func (r *sshConfigReader) get(host, key string) string {
	if all := r.all(host, key); len(all) > 0 {
		return all[0]
	}
	return ""
}

func (r *sshConfigReader) all(host, key string) []string {
	all, err := r.settings.GetAllStrict(host, key)
	if err != nil {
		r.errs = append(r.errs, err)
		return nil
	}
	if len(all) == 1 && all[0] == ssh_config.Default(key) {
		return nil
	}
	for i, v := range all {
		all[i] = strings.Trim(v, `"`)
	}
	return all
}

func (r *sshConfigReader) seconds(host, key string) time.Duration {
	v := r.get(host, key)
	if v == "" || v == "none" {
		return 0
	}
	n, err := strconv.Atoi(v)
	if err != nil || n < 0 {
		r.errs = append(r.errs, fmt.Errorf("%s: %q is no number of seconds", key, v))
		return 0
	}
	return time.Duration(n) * time.Second
}

// existing returns the files that there are; never nil, which would mean the usual ones.
func existing(files []string) []string {
	there := []string{}
	for _, f := range files {
		if _, err := os.Stat(f); err == nil {
			there = append(there, f)
		}
	}
	return there
}
