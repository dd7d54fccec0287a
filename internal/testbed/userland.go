package testbed

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Shells are the shells of a HostSpec with their programs in a suite.
var Shells = map[string]string{
	"dash": "/usr/bin/dash", "bash": "/usr/bin/bash", "ash": "/usr/bin/busybox", "mksh": "/usr/bin/mksh", "posh": "/usr/bin/posh",
	"yash": "/usr/bin/yash", "ksh93": "/usr/bin/ksh93", "zsh": "/usr/bin/zsh",
	"fish": "/usr/bin/fish", "tcsh": "/usr/bin/tcsh", "rc": "/usr/bin/rc.byron",
}

// The packages that the parts of a HostSpec come from.
var (
	ShellPackages = map[string]string{
		"dash": "dash", "bash": "bash", "ash": "busybox", "mksh": "mksh", "posh": "posh", "yash": "yash", "ksh93": "ksh93u+m",
		"zsh": "zsh", "fish": "fish", "tcsh": "tcsh", "rc": "rc",
	}
	UserlandPackages = map[string]string{"GNU": "coreutils", "uutils": "rust-coreutils", "BusyBox": "busybox", "toybox": "toybox"}
	ServerPackages   = map[string]string{"OpenSSH": "openssh-server", "Dropbear": "dropbear-bin", "tinysshd": "tinysshd", "conch": "python3-twisted"}
)

// userlands return the programs that a host has besides its shells: where each stands in the suite.
var userlands = map[string]func(testing.TB, *Suite) map[string]string{
	"GNU":     gnu,
	"uutils":  uutils,
	"BusyBox": func(tb testing.TB, s *Suite) map[string]string { return applets(tb, s, "/usr/bin/busybox", "--list") },
	"toybox":  func(tb testing.TB, s *Suite) map[string]string { return applets(tb, s, "/usr/bin/toybox") },
	"minimal": func(testing.TB, *Suite) map[string]string {
		programs := map[string]string{}
		// yash, as sh, has a builtin of these names only if there is a program too.
		for _, name := range []string{"sleep", "cat", "env", "[", "test", "echo", "printf", "kill"} {
			programs[name] = "/usr/bin/" + name
		}
		return programs
	},
}

// gnu returns all programs.
func gnu(tb testing.TB, s *Suite) map[string]string {
	tb.Helper()
	programs := map[string]string{}
	for _, dir := range []string{"/usr/sbin", "/usr/bin"} {
		entries, err := os.ReadDir(filepath.Join(s.root, dir))
		if err != nil {
			tb.Fatal(err)
		}
		for _, e := range entries {
			programs[e.Name()] = dir + "/" + e.Name()
		}
	}
	return programs
}

// uutils returns all programs, with coreutils and sudo in Rust, as Ubuntu has them.
func uutils(tb testing.TB, s *Suite) map[string]string {
	tb.Helper()
	programs := gnu(tb, s)
	const dir = "/usr/lib/cargo/bin"
	files, err := filepath.Glob(filepath.Join(s.root, dir, "coreutils/*"))
	if err != nil || files == nil {
		tb.Fatalf("uutils: %v: no program in %s", err, dir)
	}
	for _, f := range files {
		programs[filepath.Base(f)] = dir + "/coreutils/" + filepath.Base(f)
	}
	if s.Has(dir + "/sudo") {
		programs["sudo"] = dir + "/sudo"
	}
	return programs
}

// applets returns the programs that one program contains, whose names it prints, and what becomes root.
func applets(tb testing.TB, s *Suite, program string, arg ...string) map[string]string {
	tb.Helper()
	programs := map[string]string{}
	for name := range strings.FieldsSeq(Command(tb, "chroot", append([]string{s.root, program}, arg...)...)) {
		programs[name] = program
	}
	for _, name := range []string{"sudo", "doas"} {
		if file := "/usr/bin/" + name; s.Has(file) {
			programs[name] = file
		}
	}
	return programs
}
