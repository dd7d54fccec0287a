package iperf_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/tunaperf/tuna/internal/testbed"
	"github.com/tunaperf/tuna/iperf"
	"github.com/tunaperf/tuna/iperf/report"
	"github.com/tunaperf/tuna/storage"
)

// onlyBin has the host that the fault befalls find no programs but those that a run needs besides iperf. bad, which may
// be nil, makes a file in the place of iperf. The next run finds the real one there.
func (r *trial) onlyBin(bad func(file string) error) error {
	m, role := r.machine(), r.where()
	r.bare = true
	for _, name := range []string{"cat", "uname"} {
		if err := linkProgram(m, name); err != nil {
			return err
		}
	}
	r.hosts[role] = r.dial(role, m)
	r.x.ClientServer = iperf.Hosts{DUT: r.hosts[iperf.RoleClient], TrafficServer: r.hosts[iperf.RoleServer]}
	if bad == nil {
		return nil
	}
	return bad(filepath.Join(m.Bin, r.program))
}

func linkProgram(m *testbed.Machine, name string) error {
	real, err := exec.LookPath(name)
	if err != nil {
		return err
	}
	file := filepath.Join(m.Bin, name)
	return errors.Join(os.RemoveAll(file), os.Symlink(real, file))
}

// ownStorage keeps the raw output in a folder of its own.
func (r *trial) ownStorage(name string) error {
	dir, err := storage.Open(filepath.Join(r.dir, name))
	if err != nil {
		return err
	}
	r.stores = append(r.stores, dir)
	r.x.FileStorage = dir
	return nil
}

// tinyStorage keeps the raw output in a file system that is small, and may be full already.
func (r *trial) tinyStorage(full bool) error {
	folder := filepath.Join(r.dir, "tiny")
	if err := os.Mkdir(folder, 0o700); err != nil {
		return err
	}
	testbed.Command(r.t, "mount", "-t", "tmpfs", "-o", "size=64k", "tiny", folder)
	r.t.Cleanup(func() { testbed.Command(r.t, "umount", folder) })
	if full {
		if err := r.fill(); err != nil {
			return err
		}
	}
	return r.ownStorage("tiny")
}

// fill leaves no room in the small file system.
func (r *trial) fill() error {
	f, err := os.Create(filepath.Join(r.dir, "tiny", "ballast"))
	if err != nil {
		return err
	}
	defer f.Close()
	for {
		if _, err := f.Write(make([]byte, 4096)); err != nil {
			return nil // it is full
		}
	}
}

// clockLibrary shifts the wall clock, not the monotonic one, of a program that it is loaded into, by as many seconds as
// a file tells at that moment.
var clockLibrary = sync.OnceValues(func() (string, error) {
	const source = `
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
static long jump(void) {
	char text[32] = {0};
	int fd = open(getenv("CLOCK_JUMP"), O_RDONLY);
	if (fd >= 0) { if (read(fd, text, sizeof text - 1) < 0) text[0] = 0; close(fd); }
	return atol(text);
}
int clock_gettime(clockid_t clock, struct timespec *t) {
	int failed = syscall(SYS_clock_gettime, clock, t);
	if (!failed && clock == CLOCK_REALTIME) t->tv_sec += jump();
	return failed;
}
struct microseconds { long s, us; };
int gettimeofday(struct microseconds *t, void *zone) {
	struct timespec now;
	clock_gettime(CLOCK_REALTIME, &now);
	t->s = now.tv_sec; t->us = now.tv_nsec / 1000;
	return 0;
}
time_t time(time_t *t) {
	struct timespec now;
	clock_gettime(CLOCK_REALTIME, &now);
	if (t) *t = now.tv_sec;
	return now.tv_sec;
}
`
	library := clockFile()
	cmd := exec.Command("cc", "-shared", "-fPIC", "-x", "c", "-o", library, "-")
	cmd.Stdin = strings.NewReader(source)
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("cc: %w: %s", err, out)
	}
	return library, nil
})

// clockFile is where the library is, for as long as the tests run.
func clockFile() string {
	return filepath.Join(os.TempDir(), fmt.Sprintf("tuna-clock-%d.so", os.Getpid()))
}

// fakeClock gives iperf on the host that the fault befalls a clock that jump moves.
func (r *trial) fakeClock() error {
	testbed.Need(r.t, "cc")
	library, err := clockLibrary()
	if err != nil {
		return err
	}
	return errors.Join(r.jump(0),
		fakeProgram(r.machine(), r.program, `export LD_PRELOAD=`+library+` CLOCK_JUMP="$bin/clock"`))
}

func (r *trial) jump(seconds int) error {
	return os.WriteFile(filepath.Join(r.machine().Bin, "clock"), fmt.Appendf(nil, "%d", seconds), 0o600)
}

// beforeClient has somebody else's client connect to our server just before ours does.
func (r *trial) beforeClient() {
	arg := []string{"-c", r.world.Server.Addr, "-t", "30"}
	if r.protocol == report.ProtocolUDP {
		arg = append(arg, "-u")
	}
	r.x.ClientServer = iperf.Hosts{TrafficServer: r.hosts[iperf.RoleServer], DUT: precededHost{r.hosts[iperf.RoleClient], func() {
		other := r.world.Client.StartForeign(r.t, 0, r.program, arg...)
		// The server takes connections in the order in which the kernel made them.
		connected := fmt.Sprintf(":%04X 01 ", r.port())
		if !until(time.Now().Add(10*time.Second), func() bool {
			table, _ := os.ReadFile(fmt.Sprintf("/proc/%d/net/tcp", other.Process.Pid))
			return strings.Contains(string(table), connected)
		}) {
			r.t.Error("somebody else's client does not connect")
		}
	}}}
}

// straight undoes what put something between the run and its hosts.
func (r *trial) straight() {
	r.x.ClientServer = iperf.Hosts{DUT: r.hosts[iperf.RoleClient], TrafficServer: r.hosts[iperf.RoleServer]}
}

// A precededHost has something happen before a client starts.
type precededHost struct {
	*stagedHost
	before func()
}

func (h precededHost) Run(ctx context.Context, command string, stdout, stderr io.Writer) error {
	if strings.Contains(command, " -c ") {
		h.before()
	}
	return h.stagedHost.Run(ctx, command, stdout, stderr)
}
