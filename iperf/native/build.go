package native

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// command is the package of the program that is installed.
const command = "github.com/tunaperf/tuna/iperf/native/iperf3"

// build makes the program for a platform with the local Go toolchain. What it makes is kept in the user's cache
// directory under a hash of all that it is made from, and its own.
func (i *Installer) build(ctx context.Context, p Platform) ([]byte, error) {
	key, err := i.sources(ctx, p)
	if err != nil {
		return nil, err
	}
	cache := i.Cache
	if cache == "" {
		user, err := os.UserCacheDir()
		if err != nil {
			return nil, fmt.Errorf("build iperf3: %w", err)
		}
		cache = filepath.Join(user, "tuna")
	}
	name := filepath.Join(cache, "iperf3-"+p.String()+"-"+key)
	if data := kept(name); data != nil {
		return data, nil
	}
	if err := os.MkdirAll(cache, 0o700); err != nil {
		return nil, fmt.Errorf("build iperf3: %w", err)
	}
	dir, err := os.MkdirTemp(cache, "build-*")
	if err != nil {
		return nil, fmt.Errorf("build iperf3: %w", err)
	}
	defer os.RemoveAll(dir)
	made := filepath.Join(dir, "iperf3")
	if _, err := i.toolchain(ctx, p, "build", "-buildvcs=false", "-trimpath", "-ldflags=-s -w", "-o", made, command); err != nil {
		return nil, err
	}
	data, err := os.ReadFile(made)
	if err != nil {
		return nil, fmt.Errorf("build iperf3: %w", err)
	}
	// Whoever else builds the same at the same time makes the same file.
	if err := os.Rename(made, name+"-"+contentHash(data)); err != nil {
		return nil, fmt.Errorf("build iperf3: %w", err)
	}
	return data, nil
}

// kept is a program that was built before. Its name ends in the hash of what it must contain: a file that was damaged
// since is removed.
func kept(name string) []byte {
	files, _ := filepath.Glob(name + "-*")
	for _, f := range files {
		data, err := os.ReadFile(f)
		if err == nil && f == name+"-"+contentHash(data) {
			return data
		}
		os.Remove(f)
	}
	return nil
}

func contentHash(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])[:16]
}

// sources is a hash of the toolchain's version and of all files that the program is built from, but the toolchain's own.
func (i *Installer) sources(ctx context.Context, p Platform) (string, error) {
	version, err := i.toolchain(ctx, p, "env", "GOVERSION", "GOFLAGS", "GOEXPERIMENT")
	if err != nil {
		return "", err
	}
	list, err := i.toolchain(ctx, p, "list", "-deps", "-f",
		`{{if not .Standard}}{{range .GoFiles}}{{$.Dir}}/{{.}}{{"\n"}}{{end}}{{range .SFiles}}{{$.Dir}}/{{.}}{{"\n"}}{{end}}{{range .EmbedFiles}}{{$.Dir}}/{{.}}{{"\n"}}{{end}}{{end}}`, command)
	if err != nil {
		return "", err
	}
	h := sha256.New()
	fmt.Fprintf(h, "%s\n%s\n", p, version)
	for name := range strings.Lines(list) {
		f, err := os.Open(strings.TrimSuffix(name, "\n"))
		if err != nil {
			return "", fmt.Errorf("build iperf3: %w", err)
		}
		n, err := io.Copy(h, f)
		f.Close()
		if err != nil {
			return "", fmt.Errorf("build iperf3: %w", err)
		}
		fmt.Fprintf(h, "\n%d %s\n", n, filepath.Base(name))
	}
	return hex.EncodeToString(h.Sum(nil))[:16], nil
}

// toolchain runs the go command in the current directory, whose module must be, or require, this one.
func (i *Installer) toolchain(ctx context.Context, p Platform, args ...string) (string, error) {
	tool := i.Go
	if tool == "" {
		tool = "go"
	}
	cmd := exec.CommandContext(ctx, tool, args...)
	cmd.Env = append(os.Environ(), p.env()...)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		if errors.Is(err, exec.ErrNotFound) || errors.Is(err, fs.ErrNotExist) {
			return "", fmt.Errorf("build iperf3 for %s: no Go toolchain is here, and no Binaries are given: %w", p, err)
		}
		return "", fmt.Errorf("build iperf3 for %s: %w%s", p, err, told(&stderr))
	}
	return stdout.String(), nil
}

// told is what a command said on stderr, short enough for an error.
func told(stderr *bytes.Buffer) string {
	s := strings.Join(strings.Fields(cleanText(stderr.String())), " ")
	if s == "" {
		return ""
	}
	return ": " + s[:min(len(s), 300)]
}
