package sshhost_test

import (
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tunaperf/tuna/internal/testbed"
	"github.com/tunaperf/tuna/sshhost"
)

// TestOddEnvironment has a login with an environment that would change how a shell works. The supervisor does not mind, and the
// command has the environment that it would have without us.
func TestOddEnvironment(t *testing.T) {
	testbed.Need(t, "env")
	var g group
	defer g.Wait()
	var names []string
	for _, name := range sshhost.Names() {
		names = append(names, name+"=the caller's")
	}
	var functions []string
	for _, name := range strings.Fields("[ array cat echo env exec false grep kill printf read set setsid shopt sleep test true typeset wait") {
		functions = append(functions, "BASH_FUNC_"+name+"%%=() {  return 1\n}")
	}
	for _, test := range []struct {
		name, shell string // the shell that it is for; empty: all of them
		env         []string
	}{
		{"our names, IFS", "", append(names, "IFS=:ae")},
		{"IFS of three characters", "posh", []string{"IFS=.-/"}},
		{"empty IFS", "posh", []string{"IFS="}},
		{"other shells' versions", "dash", []string{"BASH_VERSION=5", "KSH_VERSION=Version", "YASH_VERSION=2", "ZSH_VERSION=5"}},
		{"other shells' versions", "busybox ash", []string{"BASH_VERSION=5", "KSH_VERSION=Version", "YASH_VERSION=2", "ZSH_VERSION=5"}},
		{"trace", "bash", []string{"SHELLOPTS=xtrace:verbose", "PS4=trace "}},
		{"options", "bash", []string{"SHELLOPTS=allexport:keyword:noglob:pipefail:onecmd:monitor:history:histexpand:errexit:nounset"}},
		{"shopt", "bash", []string{"BASHOPTS=failglob:nullglob:nocaseglob:nocasematch:dotglob:extglob:xpg_echo:execfail:lastpipe"}},
		{"variables", "bash", []string{"FUNCNEST=1", "GLOBIGNORE=*", "EXECIGNORE=*/sleep:*/grep", "BASH_COMPAT=3.2", "CDPATH=/"}},
		{"functions", "bash", functions},
	} {
		for _, shell := range shellNames {
			if test.shell != "" && test.shell != shell {
				continue
			}
			g.Run(t, shell+"/"+test.name, func(t *testing.T) {
				sh := linkShell(t, shell)
				s := sshhost.StartSupervisor(t, "", append(shellEnv(sh), test.env...), sh)
				const command = `echo "it's"; exit 3`
				direct := exec.Command(sh, "-c", command)
				direct.Env = append(shellEnv(sh), test.env...)
				want, _ := direct.Output()
				var out strings.Builder
				if err := s.Run(t.Context(), command, &out, nil); out.String() != string(want) || exitStatus(err) != 3 {
					t.Errorf("got %q (%v), want %q", &out, err, want)
				}
				endsWell(t, s, `exec /bin/sh -c "(setsid %[1]s &); %[1]s & wait"`) // one that the environment does not change
				out.Reset()
				if err := s.Run(t.Context(), "exec env", &out, nil); err != nil {
					t.Fatal(err)
				}
				env := exec.Command(sh, "-c", "exec sh -c 'exec env'")
				env.Env = append(shellEnv(sh), test.env...)
				all, err := env.Output()
				if err != nil {
					t.Fatal(err)
				}
				if d := cmp.Diff(variables(string(all)), variables(out.String())); d != "" {
					t.Errorf("the environment without tuna -, in a command of tuna +\n%s", d)
				}
				if strings.Contains(out.String(), sshhost.Tag) {
					t.Errorf("a variable of ours is in the command's environment:\n%s", &out)
				}
			})
		}
	}
}

// variables returns what env prints, in order, without what tuna adds and shells count.
func variables(environ string) []string {
	lines := slices.DeleteFunc(strings.Split(environ, "\n"), func(line string) bool {
		name, _, _ := strings.Cut(line, "=")
		return name == "TUNA_RUN" || name == "SHLVL" || name == "_" || name == "_AST_FEATURES"
	})
	for i, line := range lines {
		if options, ok := strings.CutPrefix(line, "BASHOPTS="); ok { // bash lists those of POSIX mode only after it has set some
			lines[i] = strings.Join(slices.DeleteFunc(strings.Split(options, ":"), func(option string) bool {
				return option == "expand_aliases" || option == "inherit_errexit" || option == "shift_verbose"
			}), ":")
		}
	}
	slices.Sort(lines)
	return lines
}
