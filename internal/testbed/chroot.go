package testbed

import (
	"crypto/ed25519"
	"crypto/rand"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	gossh "golang.org/x/crypto/ssh"
)

// A HostSpec says what there is on a host of a test's own. All of it is of one suite.
type HostSpec struct {
	Suite    *Suite
	Server   string            // one of ChrootServers
	Login    string            // the user's login shell: sh, or one of Shells
	Sh       string            // which of Shells is sh
	Userland string            // one of Userlands
	Files    map[string][]byte // further files, by their absolute path; everybody may read and run them
}

// A Chroot is a host with a root file system and processes of its own. It shares the network with this machine.
type Chroot struct {
	*SSHServer
	Spec    HostSpec
	foreign []Process
	kind    chrootServer
}

var chroots atomic.Int32

// launch is what the first process of a Chroot does. It becomes the server. What others run there is started before: as
// the same user, and with marks as package sshhost makes them. The mounts are seen by this process and its children only.
const launch = `set -eu
root=$1 suite=$2 uid=$3
shift 3
mount --bind "$suite" "$root/suite"
for d in lib lib64 libexec share; do
	[ ! -d "$suite/usr/$d" ] || mount --bind "$suite/usr/$d" "$root/usr/$d"
done
mount --rbind /dev "$root/dev"
mount -t proc proc "$root/proc"
for id in STRANGER.1 STRANGER.2; do
	chroot "$root" /suite/usr/bin/env -i TUNA_RUN=$id \
		/suite/usr/bin/setpriv --reuid=$uid --regid=$uid --clear-groups /suite/usr/bin/sleep 987654 &
done
exec chroot "$root" /suite/usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin "$@"`

// StartHost makes a host and starts its SSH server, in which an ordinary user may log in. Processes and mounts end with
// the test.
func StartHost(tb testing.TB, spec HostSpec) *Chroot {
	tb.Helper()
	NeedRoot(tb)
	Need(tb, "unshare", "mount", "chroot", "env", "ssh-keygen")
	kind, ok := chrootServers[spec.Server]
	if !ok {
		tb.Fatalf("SSH server %q: must be one of %q", spec.Server, ChrootServers)
	}
	const uid = 1000
	c := &Chroot{
		SSHServer: &SSHServer{tb: tb, User: "tuna", dir: tb.TempDir(), host: "127.0.0.1"}, Spec: spec, kind: kind,
	}
	c.home = fmt.Sprintf("/home/tuna-%d-%d", os.Getpid(), chroots.Add(1)) // no two hosts have the same
	c.prepare()
	root := filepath.Join(c.dir, "root")
	c.wrap = []string{"unshare", "--mount", "--pid", "--fork", "--kill-child=KILL", "sh", "-c", launch, "sh", root, spec.Suite.root, fmt.Sprint(uid)}

	for _, d := range []string{"suite", "proc", "dev", "tmp", "run/sshd", "var/empty", "usr/bin", "usr/sbin", "usr/lib", "usr/lib64", "usr/libexec", "usr/share", "root"} {
		c.makeDir(d, 0o755)
	}
	c.makeDir("tmp", 0o777|os.ModeSticky)
	for _, d := range []string{"bin", "sbin", "lib", "lib64"} {
		c.link("usr/"+d, d)
	}
	c.link("../run", "var/run")
	login := spec.Login
	if login != "sh" {
		c.link("/suite"+Shells[login], "usr/bin/"+login)
	}
	c.link("/suite"+Shells[spec.Sh], "usr/bin/sh")
	for name, file := range userlands[spec.Userland](tb, spec.Suite) {
		if at := "usr/bin/" + name; name != login && name != "sh" {
			c.link("/suite"+file, at)
		}
	}
	c.etc("passwd", 0o644, fmt.Sprintf("root:x:0:0::/root:/bin/sh\nsshd:x:101:65534::/run/sshd:/bin/false\nnobody:x:65534:65534::/:/bin/false\ntuna:x:%d:%[1]d::%s:/bin/%s\n", uid, c.home, login))
	c.etc("group", 0o644, fmt.Sprintf("root:x:0:\nnogroup:x:65534:\ntuna:x:%d:\n", uid))
	c.etc("shells", 0o644, "/bin/"+login+"\n")
	name, err := os.Hostname()
	if err != nil {
		tb.Fatal(err)
	}
	c.etc("hosts", 0o644, "127.0.0.1 localhost "+name+"\n")
	c.etc("nsswitch.conf", 0o644, "passwd: files\ngroup: files\nshadow: files\nhosts: files\n")
	c.etc("sudoers", 0o440, "tuna ALL=(ALL:ALL) NOPASSWD: ALL\n")
	c.etc("doas.conf", 0o400, "permit nopass tuna as root\n")
	// If no locale is set, fish exports LC_CTYPE=en_US.UTF-8, whether that is installed or not. mksh writes a warning to
	// stderr if it is not.
	c.etc("fish/config.fish", 0o644, "set -gx LC_CTYPE C\n")
	for _, service := range []string{"sudo", "doas", "other"} {
		c.etc("pam.d/"+service, 0o644, "auth sufficient pam_permit.so\naccount sufficient pam_permit.so\nsession sufficient pam_permit.so\n")
	}
	for name, content := range spec.Files {
		c.put(name, 0o755, content)
	}
	c.put(c.home+"/.ssh/authorized_keys", 0o600, []byte(c.clientPublic+"\n"))
	c.put(c.home+"/.hushlogin", 0o600, nil)
	for _, f := range []string{"", "/.ssh", "/.ssh/authorized_keys", "/.hushlogin"} {
		if err := os.Chown(filepath.Join(root, c.home+f), uid, uid); err != nil {
			tb.Fatal(err)
		}
	}
	c.command = kind.prepare(tb, c)
	c.Start()
	c.foreign = c.Processes()
	return c
}

func (c *Chroot) makeDir(name string, mode os.FileMode) {
	c.tb.Helper()
	dir := filepath.Join(c.dir, "root", name)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		c.tb.Fatal(err)
	}
	if err := os.Chmod(dir, mode); err != nil { // whatever umask says
		c.tb.Fatal(err)
	}
}

func (c *Chroot) link(to, name string) {
	c.tb.Helper()
	c.makeDir(filepath.Dir(name), 0o755)
	if err := os.Symlink(to, filepath.Join(c.dir, "root", name)); err != nil {
		c.tb.Fatal(err)
	}
}

func (c *Chroot) put(name string, mode os.FileMode, content []byte) {
	c.tb.Helper()
	c.makeDir(filepath.Dir(name), 0o755)
	file := filepath.Join(c.dir, "root", name)
	if err := os.WriteFile(file, content, 0o600); err != nil {
		c.tb.Fatal(err)
	}
	if err := os.Chmod(file, mode); err != nil {
		c.tb.Fatal(err)
	}
}

func (c *Chroot) etc(name string, mode os.FileMode, text string) {
	c.put("/etc/"+name, mode, []byte(text))
}

// Processes lists what runs on the host, parents first, zombies left out.
func (c *Chroot) Processes() (all []Process) {
	for _, pid := range Descendants(c.PID) {
		if p, ok := processOf(pid); ok {
			all = append(all, p)
		}
	}
	return all
}

// Ours returns the processes that have been started on the host since it is there, but for those of the SSH server.
func (c *Chroot) Ours() (ours []Process) {
	for _, p := range c.Processes() {
		if !c.isForeign(p) && !slices.Contains(c.kind.processes, p.Name) {
			ours = append(ours, p)
		}
	}
	return ours
}

// Added returns the processes that have been started on the host since it is there.
func (c *Chroot) Added() []Process {
	return slices.DeleteFunc(c.Processes(), c.isForeign)
}

func (c *Chroot) isForeign(p Process) bool {
	return slices.ContainsFunc(c.foreign, func(f Process) bool { return f.PID == p.PID && f.Born == p.Born })
}

// Connections returns the SSH server's processes that serve connections. A server may have none: it does all by itself.
func (c *Chroot) Connections() (connections []Process) {
	for _, p := range c.Added() {
		if slices.Contains(c.kind.processes, p.Name) {
			connections = append(connections, p)
		}
	}
	return connections
}

// Missing returns the processes that were on the host before anything was done there, and are gone.
func (c *Chroot) Missing() (gone []Process) {
	all := c.Processes()
	for _, f := range c.foreign {
		if !slices.ContainsFunc(all, func(p Process) bool { return f.PID == p.PID && f.Born == p.Born }) {
			gone = append(gone, f)
		}
	}
	return gone
}

// A chrootServer is a kind of SSH server.
type chrootServer struct {
	program   string   // its absolute path
	processes []string // the names of the processes that serve connections

	// prepare writes the server's files and returns the command that starts it on a port.
	prepare func(testing.TB, *Chroot) func(port string) []string
}

// ChrootServers are the kinds of server that a HostSpec may have.
var ChrootServers = []string{"OpenSSH", "Dropbear", "tinysshd", "conch"}

var chrootServers = map[string]chrootServer{
	"OpenSSH":  {"/usr/sbin/sshd", []string{"sshd", "sshd-session", "sshd-auth"}, prepareOpenSSH},
	"Dropbear": {"/usr/sbin/dropbear", []string{"dropbear"}, prepareDropbear},
	"tinysshd": {"/usr/sbin/tinysshd", []string{"tinysshd"}, prepareTinysshd},
	"conch":    {"/usr/bin/twistd3", nil, prepareConch},
}

func prepareOpenSSH(tb testing.TB, c *Chroot) func(string) []string {
	lines := []string{
		"PasswordAuthentication no", "KbdInteractiveAuthentication no", "UsePAM no", "StrictModes no", "PidFile none",
		"UseDNS no", "MaxStartups 200", "LogLevel VERBOSE", "Subsystem sftp internal-sftp",
	}
	if program := readFile(tb, filepath.Join(c.Spec.Suite.root, c.kind.program)); strings.Contains(program, "persourcepenalties") {
		lines = append(lines, "PerSourcePenalties no") // a connection that a test kills would shut out the next ones
	}
	c.opensshKeys(tb)
	for _, kind := range []string{"ed25519", "ecdsa", "rsa"} {
		lines = append(lines, "HostKey /etc/ssh/ssh_host_"+kind+"_key")
	}
	c.etc("ssh/sshd_config", 0o644, strings.Join(lines, "\n")+"\n")
	return func(port string) []string {
		return []string{"/suite/usr/sbin/sshd", "-D", "-e", "-f", "/etc/ssh/sshd_config", "-o", "ListenAddress=" + c.listen(port)}
	}
}

// opensshKeys gives the host OpenSSH's host keys.
func (c *Chroot) opensshKeys(tb testing.TB) {
	for _, k := range openSSHKeys(tb) {
		c.etc("ssh/ssh_host_"+k.kind+"_key", 0o600, k.private)
		c.etc("ssh/ssh_host_"+k.kind+"_key.pub", 0o644, k.public+"\n")
		c.hostPublic = append(c.hostPublic, k.public)
	}
}

func prepareDropbear(tb testing.TB, c *Chroot) func(string) []string {
	file := filepath.Join(c.dir, "dropbear_key")
	c.hostPublic = append(c.hostPublic, dropbearKey(tb, "ed25519", file))
	c.etc("dropbear_key", 0o600, readFile(tb, file))
	return func(port string) []string {
		return []string{"/suite/usr/sbin/dropbear", "-F", "-E", "-m", "-s", "-r", "/etc/dropbear_key", "-p", c.listen(port)}
	}
}

func prepareTinysshd(tb testing.TB, c *Chroot) func(string) []string {
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		tb.Fatal(err)
	}
	key, err := gossh.NewPublicKey(public)
	if err != nil {
		tb.Fatal(err)
	}
	c.etc("tinyssh/ed25519.pk", 0o644, string(public))
	c.etc("tinyssh/.ed25519.sk", 0o600, string(private))
	c.hostPublic = append(c.hostPublic, strings.TrimSpace(string(gossh.MarshalAuthorizedKey(key))))
	return func(port string) []string {
		return []string{"/suite/usr/bin/tcpserver", "-HRDl0", c.host, port,
			"/suite/usr/sbin/tinysshd", "-v", "-x", "sftp=/usr/lib/sftp-server", "/etc/tinyssh"}
	}
}

func prepareConch(tb testing.TB, c *Chroot) func(string) []string {
	c.opensshKeys(tb)
	return func(port string) []string {
		return []string{"/suite/usr/bin/python3", "-W", "ignore", "/suite/usr/bin/twistd3", "--nodaemon", "--pidfile=", "conch",
			"--data=/etc/ssh", "--interface=" + c.host, "--port=tcp:" + port}
	}
}
