package sshhost_test

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tunaperf/tuna/sshhost"
	"github.com/tunaperf/tuna/sshhost/sshtest"
)

// TestKeepAlive runs commands that are many times longer than KeepAlive.
func TestKeepAlive(t *testing.T) {
	var g group
	defer g.Wait()
	check := func(t *testing.T, c sshhost.Config) {
		c.KeepAlive, c.KeepAliveCount = 20*time.Millisecond, 500
		h := dial(t, c)
		for range 2 {
			var out strings.Builder
			if err := h.Run(t.Context(), "sleep 0.5; echo done", &out, nil); err != nil || out.String() != "done\n" {
				t.Errorf("got %q (%v), want done", &out, err)
			}
		}
	}
	for _, server := range servers {
		for _, plain := range []bool{false, true} {
			g.Run(t, fmt.Sprintf("%s/plain=%v", server.name, plain), func(t *testing.T) {
				c := config(server.start(t))
				c.Plain = plain
				check(t, c)
			})
		}
	}
	g.Run(t, "package sshtest", func(t *testing.T) {
		s := sshtest.NewServer(nil)
		defer s.Close()
		check(t, s.Config())
	})
}

// TestOneSession uses a host whose server allows one session per connection in every way that there is, side by side.
func TestOneSession(t *testing.T) {
	for _, server := range servers {
		if server.name != "tinyssh" {
			continue
		}
		for _, plain := range []bool{false, true} {
			t.Run(fmt.Sprintf("plain=%v", plain), func(t *testing.T) {
				c := config(server.start(t))
				c.Plain = plain
				h := dial(t, c)
				var wg sync.WaitGroup
				for i := range 8 {
					wg.Go(func() {
						for range 3 {
							if err := h.Run(t.Context(), fmt.Sprintf("exit %d", i), nil, nil); exitStatus(err) != i {
								t.Errorf("got %v, want exit status %d", err, i)
							}
						}
					})
				}
				wg.Go(func() {
					file := t.TempDir() + "/file"
					for range 3 {
						if err := h.Upload(t.Context(), strings.NewReader("text"), file); err != nil {
							t.Error(err)
						}
						if err := h.Download(t.Context(), file, io.Discard); err != nil {
							t.Error(err)
						}
					}
				})
				wg.Wait()
			})
		}
	}
}
