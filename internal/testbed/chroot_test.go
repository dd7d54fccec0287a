package testbed

import (
	"slices"
	"strings"
	"testing"
)

// TestChrootsLetTheirUserIn logs in to hosts that are made of this machine's programs.
func TestChrootsLetTheirUserIn(t *testing.T) {
	Need(t, "ssh", "dash", "mksh", "toybox", "busybox", "tinysshd", "tcpserver", "dropbear")
	for _, spec := range []HostSpec{
		{Server: "OpenSSH", Login: "sh", Sh: "dash", Userland: "minimal"},
		{Server: "Dropbear", Login: "ash", Sh: "ash", Userland: "BusyBox"},
		{Server: "tinysshd", Login: "mksh", Sh: "mksh", Userland: "toybox"},
	} {
		t.Run(spec.Server, func(t *testing.T) {
			t.Parallel()
			spec.Suite, spec.Files = ThisMachine(), map[string][]byte{"/data/text": []byte("here\n")}
			c := StartHost(t, spec)
			if got, want := ssh(t, c.SSHServer, `echo $0 "$HOME"; cat /data/text`), spec.Login+" "+c.home+"\nhere\n"; strings.TrimPrefix(got, "/bin/") != want {
				t.Errorf("login: got %q, want %q", got, want)
			}
			if got := ssh(t, c.SSHServer, "ls /usr/bin /proc 2>&1 || env"); spec.Userland == "minimal" == strings.Contains(got, "setsid") {
				t.Errorf("programs: got %s", got)
			}
			strangers := 0
			for _, p := range c.Processes() {
				if slices.Contains(p.Args, "987654") {
					strangers++
				}
			}
			if gone := c.Missing(); strangers != 2 || gone != nil {
				t.Errorf("got %d other users' processes, want 2, and %v that are gone", strangers, gone)
			}
			pid := c.PID
			c.Stop()
			if left := Descendants(pid); left != nil {
				t.Errorf("processes %v live on after Stop", left)
			}
		})
	}
}
