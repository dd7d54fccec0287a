package native

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	pathpkg "path"
	"strings"
	"time"

	"github.com/tunaperf/tuna/internal/shquote"
)

// The reasons for which nothing can be installed on a host.
var (
	ErrPlatform = errors.New("there is no iperf3 for this system")
	ErrNoPlace  = errors.New("no directory of the host can hold programs that its user may run")
)

// A Target is a machine that a program can be put on, such as an sshhost.Host.
type Target interface {
	// Run runs command in the host's POSIX shell. An exit status other than 0 is an error.
	Run(ctx context.Context, command string, stdout, stderr io.Writer) error

	// Upload copies what src holds to the file with that absolute name on the host, which it makes or truncates.
	Upload(ctx context.Context, src io.Reader, name string) error
}

// An Installer puts the program iperf3 on hosts. The zero value builds it with the local Go toolchain. It may be used by
// many goroutines, for different hosts or the same.
type Installer struct {
	// Binaries has the program for each platform in a file named iperf3- and what Platform.String gives, such as
	// iperf3-linux-arm64. Nil: it is built, which takes a Go toolchain, and a current directory in a module that is, or
	// requires, this one.
	Binaries fs.FS

	Go    string // the go command; empty: "go"
	Cache string // directory for what was built; empty: tuna in os.UserCacheDir
}

// Install puts iperf3 on the host with the zero Installer.
func Install(ctx context.Context, host Target) (path string, err error) {
	return new(Installer).Install(ctx, host)
}

//go:embed install.sh
var installScript string

// Install finds out what the host is, puts the program for it into a directory of the host's user that programs may run
// from, under a name that has its hash, and sees that it runs there. It returns the absolute path. Where the program is
// already, the host is only asked. If a directory turns out not to take it, the next one is tried. The error wraps ErrPlatform when there is no program for the host, and ErrNoPlace when
// no directory will do; it then names those that were tried.
func (i *Installer) Install(ctx context.Context, host Target) (path string, err error) {
	p, err := platformOf(ctx, host)
	if err != nil {
		return "", fmt.Errorf("install iperf3: %w", err)
	}
	data, err := i.binary(ctx, p)
	if err != nil {
		return "", fmt.Errorf("install iperf3: %w", err)
	}
	sum := sha256.Sum256(data)
	hash := hex.EncodeToString(sum[:])
	look := func(skip string) string {
		return fmt.Sprintf("name=iperf3-%s hash=%s length=%d skip=%s\n%s", hash[:16], hash, len(data), shquote.Quote(skip), installScript)
	}
	// A file system may turn out to be full, of bytes or of inodes, only when the program arrives.
	var failed error
	skip := "|"
	for {
		path, have, err := place(ctx, host, look(skip))
		if err != nil || have {
			return path, errors.Join(err, failedUnless(have, failed))
		}
		if err := put(ctx, host, data, path); err != nil {
			failed = errors.Join(failed, fmt.Errorf("install iperf3 as %s: %w", path, err))
			dir := pathpkg.Dir(pathpkg.Dir(path))
			if ctx.Err() != nil || strings.Contains(skip, "|"+dir+"|") {
				return "", failed
			}
			skip += dir + "|"
			continue
		}
		there, have, err := place(ctx, host, look(skip))
		if err != nil {
			return "", err
		}
		if !have || there != path {
			return "", fmt.Errorf("install iperf3 as %s: what arrived there is not what was sent", path)
		}
		return path, nil
	}
}

// failedUnless returns the errors of earlier directories, unless the program was found after them.
func failedUnless(have bool, failed error) error {
	if have {
		return nil
	}
	return failed
}

func (i *Installer) binary(ctx context.Context, p Platform) ([]byte, error) {
	if i.Binaries == nil {
		return i.build(ctx, p)
	}
	data, err := fs.ReadFile(i.Binaries, "iperf3-"+p.String())
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%w: %w", ErrPlatform, err)
	}
	return data, err
}

// place asks where the program is, or may be put.
func place(ctx context.Context, host Target, script string) (path string, have bool, err error) {
	var stdout, stderr bytes.Buffer
	if err := host.Run(ctx, script, &stdout, &stderr); err != nil {
		return "", false, fmt.Errorf("install iperf3: look for a place: %w%s", err, told(&stderr))
	}
	for line := range strings.Lines(stdout.String()) {
		word, rest, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
		switch {
		case (word == "have" || word == "want") && strings.HasPrefix(rest, "/"):
			return rest, word == "have", nil
		case word == "none":
			return "", false, fmt.Errorf("install iperf3: %w: tried %s", ErrNoPlace, cleanText(rest))
		}
	}
	return "", false, fmt.Errorf("install iperf3: look for a place: no answer%s", told(&stderr))
}

// put uploads the program beside its place and moves it there when it is whole and has run.
func put(ctx context.Context, host Target, data []byte, path string) (err error) {
	temporary := path + "." + rand.Text()[:8]
	quoted := shquote.Quote(temporary)
	defer func() {
		if err != nil {
			clean, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
			defer cancel()
			host.Run(clean, "rm -f "+quoted, io.Discard, io.Discard)
		}
	}()
	if err := host.Upload(ctx, bytes.NewReader(data), temporary); err != nil {
		return err
	}
	var stdout, stderr bytes.Buffer
	check := fmt.Sprintf("chmod 700 %s && %s --version && mv -f %s %s", quoted, quoted, quoted, shquote.Quote(path))
	if err := host.Run(ctx, check, &stdout, &stderr); err != nil {
		return fmt.Errorf("it does not run there: %w%s", err, told(&stderr))
	}
	return nil
}
