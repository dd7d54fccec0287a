package sshhost_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tunaperf/tuna/internal/testbed"
	"github.com/tunaperf/tuna/sshhost"
)

// shellNames are the programs that may be a host's sh.
var shellNames = []string{"dash", "bash", "busybox ash", "mksh", "posh", "yash", "ksh93", "zsh"}

// startShell starts a supervisor on a host whose sh is the given shell, with variables in its environment.
func startShell(t testing.TB, shell string, env ...string) *sshhost.Supervisor {
	t.Helper()
	name, _, _ := strings.Cut(shell, " ")
	testbed.Need(t, name)
	file, err := exec.LookPath(name)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	sh := filepath.Join(dir, "sh")
	if err := os.Symlink(file, sh); err != nil {
		t.Fatal(err)
	}
	return sshhost.StartSupervisor(t, "", append([]string{"HOME=/", "PATH=" + dir + ":" + os.Getenv("PATH")}, env...), sh)
}
