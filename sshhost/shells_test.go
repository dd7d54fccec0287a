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
	sh := linkShell(t, shell)
	return sshhost.StartSupervisor(t, "", append(shellEnv(sh), env...), sh)
}

// shellEnv returns an environment in which sh is the first program of that name on PATH.
func shellEnv(sh string) []string {
	return []string{"HOME=/", "PATH=" + filepath.Dir(sh) + ":" + os.Getenv("PATH")}
}

// linkShell makes a shell the file sh of a directory of its own.
func linkShell(t testing.TB, shell string) string {
	t.Helper()
	name, _, _ := strings.Cut(shell, " ")
	testbed.Need(t, name)
	file, err := exec.LookPath(name)
	if err != nil {
		t.Fatal(err)
	}
	sh := filepath.Join(t.TempDir(), "sh")
	if err := os.Symlink(file, sh); err != nil {
		t.Fatal(err)
	}
	return sh
}

// TestOthersLiveOn ends the groups of commands in a PID namespace, where all processes are the test's own. The numbers of the
// first groups begin with 1 there, which the kill of procps 4.0.2 takes for all processes.
func TestOthersLiveOn(t *testing.T) {
	testbed.NeedRoot(t)
	testbed.Need(t, "unshare")
	for _, shell := range shellNames {
		t.Run(shell, func(t *testing.T) {
			t.Parallel()
			sh, other := linkShell(t, shell), napper()
			// The second shell keeps the supervisor from being process 1, to which signals are special.
			s := sshhost.StartSupervisor(t, "", shellEnv(sh), "unshare", "--pid", "--fork", "--mount-proc", "--kill-child=KILL",
				"sh", "-c", other+` & "$@"; :`, "sh", sh)
			waitRuns(t, other)
			for range 5 {
				endsWell(t, s, "%s & wait")
			}
			if processes(t, other) == nil {
				t.Error("a process of others has ended")
			}
		})
	}
}
