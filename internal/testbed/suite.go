package testbed

import (
	"cmp"
	"crypto/sha256"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// A Suite is a root file system that holds the programs of one Debian release: what StartHost makes hosts of.
type Suite struct {
	Name string // Debian's name of the release; empty: this machine
	root string

	versions map[string]string // by package
}

// suitePackages are what a Suite has besides what these depend on, with Debian's essential packages among that. Those
// of a name are in that release only.
var suitePackages = map[string]string{
	"": `openssh-server openssh-sftp-server dropbear-bin tinysshd ucspi-tcp python3-twisted
		dash bash busybox toybox mksh posh ksh93u+m zsh fish tcsh rc
		coreutils rust-coreutils findutils grep sed procps util-linux sudo opendoas`,
	"bookworm": "yash",
	"trixie":   "sudo-rs",
	"sid":      "yash sudo-rs",
}

// ThisMachine returns the suite of what is installed on this machine.
func ThisMachine() *Suite { return &Suite{root: "/"} }

// OpenSuite returns the suite of a Debian release. It is downloaded from the mirror that this machine's apt uses, and
// kept in the user's cache directory. Delete it there to have newer packages.
func OpenSuite(tb testing.TB, name string) *Suite {
	tb.Helper()
	NeedRoot(tb)
	Need(tb, "apt-get", "dpkg-deb", "tar")
	packages := strings.Fields(suitePackages[""] + " " + suitePackages[name])
	cache, err := os.UserCacheDir()
	if err != nil {
		tb.Fatal(err)
	}
	dir := filepath.Join(cache, "tuna", fmt.Sprintf("%s-%.4x", name, sha256.Sum256([]byte(strings.Join(packages, " ")))))
	s := &Suite{Name: name, root: filepath.Join(dir, "root"), versions: map[string]string{}}
	if _, err := os.Stat(dir); err != nil {
		download(tb, name, packages, dir)
	}
	for line := range strings.Lines(readFile(tb, filepath.Join(dir, "versions"))) {
		f := strings.Fields(line)
		s.versions[f[0]] = f[1]
	}
	return s
}

// download makes the suite's directory, all at once when it is complete. The packages' own scripts do not run.
func download(tb testing.TB, name string, packages []string, dir string) {
	tb.Helper()
	tb.Logf("downloading the packages of Debian's %s", name)
	if err := os.MkdirAll(filepath.Dir(dir), 0o755); err != nil {
		tb.Fatal(err)
	}
	tmp, err := os.MkdirTemp(filepath.Dir(dir), "new-")
	if err != nil {
		tb.Fatal(err)
	}
	defer os.RemoveAll(tmp)
	if err := os.Chmod(tmp, 0o755); err != nil {
		tb.Fatal(err)
	}
	for _, sub := range []string{"apt/lists/partial", "apt/archives/partial", "root"} {
		if err := os.MkdirAll(filepath.Join(tmp, sub), 0o755); err != nil {
			tb.Fatal(err)
		}
	}
	apt := filepath.Join(tmp, "apt")
	for file, text := range map[string]string{
		"sources": fmt.Sprintf("deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] %s %s main\n", mirror(tb), name),
		"status":  "",
	} {
		if err := os.WriteFile(filepath.Join(apt, file), []byte(text), 0o644); err != nil {
			tb.Fatal(err)
		}
	}
	options := []string{"-qq", "-y", "--no-install-recommends", "--download-only"}
	for _, o := range []string{
		"Dir::State=" + apt, "Dir::State::status=" + apt + "/status", "Dir::Cache=" + apt,
		"Dir::Etc::sourcelist=" + apt + "/sources", "Dir::Etc::sourceparts=/dev/null",
		"Dir::Etc::preferences=/dev/null", "Dir::Etc::preferencesparts=/dev/null",
		"APT::Sandbox::User=root", "Acquire::Languages=none",
	} {
		options = append(options, "-o", o)
	}
	Command(tb, "apt-get", append(options, "update")...)
	Command(tb, "apt-get", append(append(options, "install"), packages...)...)
	Command(tb, "sh", "-c", `set -eu
		cd "$0"
		mkdir -p root/usr/bin root/usr/sbin root/usr/lib root/usr/lib64
		for d in bin sbin lib lib64; do ln -s usr/$d root/$d; done
		for p in apt/archives/*.deb; do
			dpkg-deb --fsys-tarfile "$p" | tar -x -p --keep-directory-symlink -C root
			dpkg-deb -W --showformat='${Package} ${Version}\n' "$p" >>versions
		done
		sudo=root/usr/lib/cargo/bin/sudo
		[ ! -e $sudo ] || chmod 4755 $sudo # as the script of sudo-rs does
		rm -r apt`, tmp)
	if err := os.Rename(tmp, dir); err != nil {
		tb.Fatal(err)
	}
}

// mirror returns the address of the Debian mirror that this machine's apt uses.
func mirror(tb testing.TB) string {
	tb.Helper()
	targets := Command(tb, "apt-get", "indextargets", "--format", "$(REPO_URI)",
		"Created-By: Packages", "Origin: Debian", "Label: Debian", "Component: main")
	first, _, _ := strings.Cut(targets, "\n")
	if first == "" {
		tb.Fatal("this machine's apt has no list of Debian's packages: is this Debian, and was apt-get update run?")
	}
	return first
}

// Has reports whether the suite has a program, which is named by its absolute path.
func (s *Suite) Has(program string) bool {
	_, err := os.Stat(filepath.Join(s.root, program))
	return err == nil
}

// debianRevision is what Debian adds to a version.
var debianRevision = regexp.MustCompile(`^\d+:|-[^-]*$|\+dfsg.*`)

// Version returns the upstream version of a package, empty if the suite lacks it.
func (s *Suite) Version(pkg string) string {
	version := s.versions[pkg]
	if s.Name == "" {
		out, _ := exec.Command("dpkg-query", "-W", "-f", "${Version}", pkg).Output()
		version = string(out)
	}
	return debianRevision.ReplaceAllString(version, "")
}

func (s *Suite) String() string { return cmp.Or(s.Name, "this machine") }
