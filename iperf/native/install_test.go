package native

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/tunaperf/tuna/internal/testbed"
)

func TestPlatform(t *testing.T) {
	for _, c := range []struct {
		name, system, machine, order, features string
		want                                   string
		env                                    string
	}{
		{"PC", "Linux", "x86_64", "01", "flags : fpu sse2", "linux-amd64", "GOARCH=amd64"},
		{"old PC", "Linux", "i586", "01", "flags : fpu mmx", "linux-386-softfloat", "GO386=softfloat"},
		{"32-bit PC", "Linux", "i686", "01", "flags : fpu sse sse2", "linux-386-sse2", "GO386=sse2"},
		{"board", "Linux", "aarch64", "01", "Features : fp asimd", "linux-arm64", "GOARCH=arm64"},
		{"armv7", "Linux", "armv7l", "01", "Features : half thumb vfp edsp neon vfpv3", "linux-arm-7", "GOARM=7"},
		{"armv7 without unit", "Linux", "armv7l", "01", "Features : half thumb", "linux-arm-5", "GOARM=5"},
		{"armv6", "Linux", "armv6l", "01", "Features : half thumb vfp", "linux-arm-6", "GOARM=6"},
		{"armv5", "Linux", "armv5tel", "01", "Features : swp half", "linux-arm-5", "GOARM=5"},
		{"router", "Linux", "mips", "02", "", "linux-mips-softfloat", "GOMIPS=softfloat"},
		{"little router", "Linux", "mips", "01", "", "linux-mipsle-softfloat", "GOMIPS=softfloat"},
		{"Octeon", "Linux", "mips64", "02", "", "linux-mips64-softfloat", "GOMIPS64=softfloat"},
		{"Mac", "Darwin", "arm64", "", "", "darwin-arm64", "GOOS=darwin"},
		{"BSD", "FreeBSD", "amd64", "", "", "freebsd-amd64", "GOOS=freebsd"},
		{"mips of unknown order", "Linux", "mips", "", "", "", ""},
		{"big-endian arm", "Linux", "armv5teb", "02", "", "", ""},
		{"alpha", "Linux", "alpha", "01", "", "", ""},
		{"Solaris", "SunOS", "i86pc", "", "", "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			p, err := platform(c.system, c.machine, c.order, c.features)
			if c.want == "" {
				if !errors.Is(err, ErrPlatform) {
					t.Errorf("%v, %v", p, err)
				}
				return
			}
			if err != nil || p.String() != c.want || !strings.Contains(strings.Join(p.env(), " "), c.env) {
				t.Errorf("%v %v, %v; want %s with %s", p, p.env(), err, c.want, c.env)
			}
		})
	}
}

// shellTarget is this machine, seen through one of its shells.
type shellTarget struct {
	shell   []string
	env     []string
	uploads int
	damage  bool // what is uploaded
}

func (s *shellTarget) Run(ctx context.Context, command string, stdout, stderr io.Writer) error {
	cmd := exec.CommandContext(ctx, s.shell[0], append(s.shell[1:], "-c", command)...)
	cmd.Env = append(os.Environ(), s.env...)
	cmd.Stdout, cmd.Stderr = stdout, stderr
	return cmd.Run()
}

func (s *shellTarget) Upload(_ context.Context, src io.Reader, name string) error {
	s.uploads++
	data, err := io.ReadAll(src)
	if s.damage {
		data = append(data[:len(data)-1:len(data)-1], '#')
	}
	return errors.Join(err, os.WriteFile(name, data, 0o600))
}

// program that a shell can run stands for the real one, which takes longer to build.
var scripts = fstest.MapFS{"iperf3-linux-amd64": {Data: []byte("#!/bin/sh\necho iperf 3.17\n")}, "iperf3-linux-arm64": {Data: []byte("#!/bin/sh\necho iperf 3.17\n")}}

func TestInstall(t *testing.T) {
	for _, shell := range [][]string{{"sh"}, {"bash"}, {"busybox", "sh"}} {
		t.Run(strings.Join(shell, " "), func(t *testing.T) {
			testbed.Need(t, shell[0], "sha256sum")
			home := filepath.Join(t.TempDir(), "a b'c")
			if err := os.Mkdir(home, 0o700); err != nil {
				t.Fatal(err)
			}
			h := &shellTarget{shell: shell, env: []string{"HOME=" + home, "XDG_CACHE_HOME="}}
			i := &Installer{Binaries: scripts}
			path, err := i.Install(t.Context(), h)
			if err != nil {
				t.Fatal(err)
			}
			if !strings.HasPrefix(path, home+"/.cache/tuna-") || h.uploads != 1 {
				t.Errorf("%s after %d uploads", path, h.uploads)
			}
			again, err := i.Install(t.Context(), h)
			if err != nil || again != path || h.uploads != 1 {
				t.Errorf("the second time: %s, %v, %d uploads", again, err, h.uploads)
			}
			// A file that is not what its name says is replaced.
			if err := os.WriteFile(path, []byte("#!/bin/sh\n"), 0o700); err != nil {
				t.Fatal(err)
			}
			if again, err := i.Install(t.Context(), h); err != nil || again != path || h.uploads != 2 {
				t.Errorf("after damage: %s, %v, %d uploads", again, err, h.uploads)
			}
			left, _ := filepath.Glob(filepath.Dir(path) + "/*")
			if diff := cmp.Diff([]string{path}, left); diff != "" {
				t.Errorf("left there: %s", diff)
			}
		})
	}
}

func TestInstallNotices(t *testing.T) {
	testbed.Need(t, "sh", "sha256sum")
	h := &shellTarget{shell: []string{"sh"}, env: []string{"HOME=" + t.TempDir()}, damage: true}
	path, err := (&Installer{Binaries: scripts}).Install(t.Context(), h)
	if err == nil || !strings.Contains(err.Error(), "not what was sent") {
		t.Errorf("a damaged upload: %s, %v", path, err)
	}
	if _, err := (&Installer{Binaries: fstest.MapFS{}}).Install(t.Context(), h); !errors.Is(err, ErrPlatform) {
		t.Errorf("without a binary: %v", err)
	}
	h.env = append(h.env, "PATH=/nonexistent")
	if _, err := (&Installer{Binaries: scripts}).Install(t.Context(), h); err == nil {
		t.Error("no error without any program")
	}
}

// Several at once put the program into the same place.
func TestInstallAtOnce(t *testing.T) {
	testbed.Need(t, "sh", "sha256sum")
	home := t.TempDir()
	i := &Installer{Binaries: scripts}
	paths := make([]string, 8)
	var all sync.WaitGroup
	for n := range paths {
		all.Go(func() {
			h := &shellTarget{shell: []string{"sh"}, env: []string{"HOME=" + home, "XDG_CACHE_HOME="}}
			var err error
			if paths[n], err = i.Install(t.Context(), h); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if slices.Sort(paths); paths[0] != paths[len(paths)-1] {
		t.Error(paths)
	}
}

// A full directory is passed over, and a host that does not say what it is gets an error that says so.
func TestInstallOddHosts(t *testing.T) {
	testbed.Need(t, "sh", "sha256sum", "df", "mount", "umount", "unshare")
	testbed.NeedRoot(t)
	full, cache := t.TempDir(), t.TempDir()
	h := &shellTarget{shell: []string{"unshare", "-m", "sh", "-c", `mount -t tmpfs -o size=64k none "$HOME" && exec sh "$@"`, "sh"},
		env: []string{"HOME=" + full, "XDG_CACHE_HOME=", "XDG_RUNTIME_DIR=" + cache}}
	large := append(slices.Clone(scripts["iperf3-linux-amd64"].Data), make([]byte, 1<<20)...)
	binaries := fstest.MapFS{"iperf3-linux-amd64": {Data: large}, "iperf3-linux-arm64": {Data: large}}
	if p, err := platformOf(t.Context(), h); err != nil || p.OS != "linux" {
		t.Fatal(p, err)
	}
	var stdout, stderr bytes.Buffer
	look := fmt.Sprintf("name=x hash=y length=%d\n%s", len(large), installScript)
	if err := h.Run(t.Context(), look, &stdout, &stderr); err != nil || !strings.HasPrefix(stdout.String(), "want "+cache+"/tuna-") {
		t.Errorf("where home is full: %v: %s%s", err, &stdout, &stderr)
	}
	// No home, and no uname.
	empty := t.TempDir()
	h = &shellTarget{shell: []string{"/bin/sh"}, env: []string{"PATH=" + empty, "HOME="}}
	if _, err := (&Installer{Binaries: binaries}).Install(t.Context(), h); err == nil || !strings.Contains(err.Error(), "uname does not say") {
		t.Errorf("without uname: %v", err)
	}
}

// A directory that does not let programs run is passed over.
func TestInstallLooksForAPlace(t *testing.T) {
	testbed.Need(t, "sh", "sha256sum", "mount", "umount", "unshare")
	testbed.NeedRoot(t)
	noexec, home := t.TempDir(), t.TempDir()
	// The mount lives in a namespace of each command's own.
	h := &shellTarget{shell: []string{"unshare", "-m", "sh", "-c", `mount -t tmpfs -o noexec none "$XDG_CACHE_HOME" && exec sh "$@"`, "sh"},
		env: []string{"HOME=" + home, "XDG_CACHE_HOME=" + noexec}}
	path, err := (&Installer{Binaries: scripts}).Install(t.Context(), h)
	if err != nil || !strings.HasPrefix(path, home+"/.cache/") {
		t.Errorf("%s, %v", path, err)
	}
	// Without any place, the error says which were tried.
	none := `for d in /tmp /var/tmp /dev/shm /run /opt; do [ ! -d $d ] || mount -t tmpfs -o noexec none $d; done; HOME=/tmp exec sh "$@"`
	h = &shellTarget{shell: []string{"unshare", "-m", "sh", "-c", none, "sh"}, env: []string{"XDG_CACHE_HOME="}}
	if path, err := (&Installer{Binaries: scripts}).Install(t.Context(), h); !errors.Is(err, ErrNoPlace) || !strings.Contains(err.Error(), "/var/tmp:noexec") {
		t.Errorf("%s, %v", path, err)
	}
}

func TestBuildIsCached(t *testing.T) {
	testbed.Need(t, "go")
	i := &Installer{Cache: t.TempDir()}
	p := Platform{OS: "linux", Arch: "mipsle", Variant: "softfloat"}
	first, err := i.build(t.Context(), p)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.HasPrefix(first, []byte("\x7fELF\x01\x01")) {
		t.Errorf("built %q…", first[:min(len(first), 16)])
	}
	files, _ := filepath.Glob(i.Cache + "/*")
	if len(files) != 1 {
		t.Fatalf("kept %v", files)
	}
	name := strings.TrimSuffix(files[0], "-"+contentHash(first))
	// What comes the second time is what is kept, unless it was damaged.
	if err := os.Rename(files[0], name+"-"+contentHash([]byte("kept"))); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name+"-"+contentHash([]byte("kept")), []byte("kept"), 0o600); err != nil {
		t.Fatal(err)
	}
	if second, err := i.build(t.Context(), p); err != nil || string(second) != "kept" {
		t.Errorf("%d bytes, %v", len(second), err)
	}
	if err := os.WriteFile(name+"-"+contentHash([]byte("kept")), []byte("kep"), 0o600); err != nil {
		t.Fatal(err)
	}
	if data := kept(name); data != nil {
		t.Errorf("a damaged file: %q", data)
	}
}

// A mountedTarget is a shellTarget in a mount namespace of its own, where uploads go too.
type mountedTarget struct{ *shellTarget }

func (m mountedTarget) Upload(ctx context.Context, src io.Reader, name string) error {
	cmd := exec.CommandContext(ctx, m.shell[0], append(m.shell[1:], "-c", `cat >"$0"`, name)...)
	cmd.Stdin = src
	return cmd.Run()
}

// TestInstallOnAFullFileSystem has a first directory whose file system does not take the program: the next one gets it.
func TestInstallOnAFullFileSystem(t *testing.T) {
	testbed.NeedRoot(t)
	testbed.Need(t, "unshare", "nsenter", "mount", "sha256sum")
	for _, test := range []struct{ name, options, then string }{
		{"no inode", "nr_inodes=1", ""},
		{"an inode for the directory", "nr_inodes=2", ""},
		{"one that another program takes during the upload", "nr_inodes=3", ""},
		{"read-only", "ro", ""},
		{"noexec", "noexec", ""},
		{"no byte", "size=4k", "head -c 4096 /dev/zero >full; "},
	} {
		t.Run(test.name, func(t *testing.T) {
			home, next := t.TempDir(), t.TempDir()
			holder := exec.Command("unshare", "-m", "sh", "-c", `mount -t tmpfs -o "$0" none "$1" && cd "$1" && { `+test.then+`echo ready; exec cat; }`, test.options, home)
			in, err := holder.StdinPipe()
			if err != nil {
				t.Fatal(err)
			}
			out, err := holder.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := holder.Start(); err != nil {
				t.Fatal(err)
			}
			defer holder.Wait()
			defer in.Close()
			if _, err := io.ReadFull(out, make([]byte, len("ready\n"))); err != nil {
				t.Fatal(err)
			}
			h := &shellTarget{
				shell: []string{"nsenter", "-t", strconv.Itoa(holder.Process.Pid), "-m", "sh"},
				env:   []string{"HOME=" + home, "XDG_CACHE_HOME=" + home, "XDG_RUNTIME_DIR=" + next},
			}
			var target Target = mountedTarget{h}
			if test.options == "nr_inodes=3" {
				target = takenTarget{mountedTarget{h}, home}
			}
			path, err := (&Installer{Binaries: scripts}).Install(t.Context(), target)
			if err != nil || !strings.HasPrefix(path, next+"/") {
				t.Errorf("got %s, %v, want a file in %s", path, err, next)
			}
		})
	}
}

// A takenTarget's first directory loses its last inode before an upload.
type takenTarget struct {
	mountedTarget
	home string
}

func (m takenTarget) Upload(ctx context.Context, src io.Reader, name string) error {
	m.Run(ctx, ": >"+m.home+"/taken", io.Discard, io.Discard)
	return m.mountedTarget.Upload(ctx, src, name)
}

// refusingTarget takes no upload into one directory.
type refusingTarget struct {
	*shellTarget
	dir string
}

func (r refusingTarget) Upload(ctx context.Context, src io.Reader, name string) error {
	if strings.HasPrefix(name, r.dir) {
		return errors.New("no space left on device")
	}
	return r.shellTarget.Upload(ctx, src, name)
}

// TestInstallGoesOn has uploads that fail in the first directory, or in all of them.
func TestInstallGoesOn(t *testing.T) {
	testbed.Need(t, "sh", "sha256sum")
	home, next := t.TempDir(), t.TempDir()
	h := &shellTarget{shell: []string{"sh"}, env: []string{"XDG_CACHE_HOME=" + home, "HOME=" + next}}
	path, err := (&Installer{Binaries: scripts}).Install(t.Context(), refusingTarget{h, home})
	if err != nil || !strings.HasPrefix(path, next) {
		t.Errorf("got %s, %v, want a file in %s", path, err, next)
	}
	_, err = (&Installer{Binaries: scripts}).Install(t.Context(), refusingTarget{&shellTarget{shell: h.shell, env: []string{"XDG_CACHE_HOME=" + home, "HOME=" + home}}, "/"})
	if !errors.Is(err, ErrNoPlace) || !strings.Contains(err.Error(), "no space left") || !strings.Contains(err.Error(), home+":upload") {
		t.Errorf("got %v, want ErrNoPlace with the directories", err)
	}
}
