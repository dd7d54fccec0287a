package sshhost

import (
	"context"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/pkg/sftp"
)

// SFTP opens an SFTP session on the host. ctx bounds the opening only. The caller closes the client; until then it counts
// as one of the sessions that the server allows. Config.Prefix does not apply to it.
func (h *Host) SFTP(ctx context.Context) (*sftp.Client, error) {
	ctx, leave, err := h.begin(ctx)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", h, err)
	}
	defer leave()
	client, _, err := h.sftp(ctx)
	return client, err
}

// sftp does what SFTP does. Package sftp does not know contexts, and waits for ever for a server that does not answer: when
// ctx ends, that is left to a goroutine.
func (h *Host) sftp(ctx context.Context) (*sftp.Client, *channel, error) {
	c, ch, err := h.open(ctx, "subsystem", "sftp")
	if err != nil {
		return nil, nil, fmt.Errorf("%s: sftp: %w", h, err)
	}
	var client *sftp.Client
	var said earlyOutput
	h.wg.Go(func() { io.Copy(&said, ch.Stderr()) })
	opened := make(chan error, 1)
	h.wg.Go(func() {
		var err error
		client, err = sftp.NewClientPipe(ch, &input{Channel: ch.Channel})
		if err != nil {
			err = c.noSFTP(ch, &said, err)
		}
		opened <- err
		if err == nil {
			client.Wait() // for the caller's Close, or the loss of the connection
		}
		ch.Close()
		h.vacate(c, nil)
	})
	select {
	case err = <-opened:
	case <-ctx.Done():
		ch.Close()
		err = ctxError(ctx)
	}
	if err != nil {
		return nil, nil, fmt.Errorf("%s: sftp: %w", h, err)
	}
	return client, ch, nil
}

// noSFTP returns the error of an SFTP session that was not answered as one. A server that has no program for it, such as
// Dropbear's, begins the session and ends it with an exit status.
func (c *conn) noSFTP(ch *channel, said *earlyOutput, err error) error {
	late := time.NewTimer(lastWords)
	defer late.Stop()
	select {
	case <-c.over:
		return lost(err)
	case <-late.C:
		return err
	case status, ok := <-ch.exit:
		if !ok {
			return fmt.Errorf("%w: %w", ErrLost, err)
		}
		return fmt.Errorf("%w: it ends with exit status %d%v: %s", ErrNoSFTP, status, said, sftpAdvice)
	}
}

const sftpAdvice = "install OpenSSH's sftp-server there, such as package openssh-sftp-server"

// Upload copies what src holds to the file with that name on the host, over SFTP. The file is made or truncated. When ctx
// ends first, the copying stops. A Read that goes on then is waited for, so src must not block for ever.
func (h *Host) Upload(ctx context.Context, src io.Reader, name string) error {
	return h.transfer(ctx, "upload "+name, func(client *sftp.Client, l *leash) error {
		f, err := client.Create(name)
		if err != nil {
			return err
		}
		_, err = io.Copy(f, leashed{l, src.Read})
		if closeErr := f.Close(); err == nil {
			err = closeErr
		}
		return err
	})
}

// Download copies the file with that name on the host to dst, over SFTP. When ctx ends first, the copying stops. A Write that
// goes on then is waited for, so dst must not block for ever.
func (h *Host) Download(ctx context.Context, name string, dst io.Writer) error {
	return h.transfer(ctx, "download "+name, func(client *sftp.Client, l *leash) error {
		f, err := client.Open(name)
		if err != nil {
			return err
		}
		defer f.Close()
		_, err = io.Copy(leashed{l, dst.Write}, f)
		return err
	})
}

// transfer has copy use an SFTP session. When ctx ends first, it does not wait for copy, which uses what is the caller's
// through a leash.
func (h *Host) transfer(ctx context.Context, what string, copy func(*sftp.Client, *leash) error) error {
	ctx, leave, err := h.begin(ctx)
	if err != nil {
		return fmt.Errorf("%s: %w", h, err)
	}
	defer leave()
	client, ch, err := h.sftp(ctx)
	if err != nil {
		return err
	}
	var l leash
	copied := make(chan error, 1)
	h.wg.Go(func() {
		copied <- copy(client, &l)
		client.Close()
	})
	select {
	case err = <-copied:
	case <-ctx.Done():
		ch.Close()
		err = ctxError(ctx)
		l.cut(err)
	}
	if err != nil {
		return fmt.Errorf("%s: %s: %w", h, what, err)
	}
	return nil
}

// A leash keeps from the caller's reader or writer once it is cut.
type leash struct {
	mu  sync.Mutex
	err error
}

// cut waits for a use that goes on.
func (l *leash) cut(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.err = err
}

// A leashed is a reader or a writer on a leash.
type leashed struct {
	*leash
	use func([]byte) (int, error)
}

func (l leashed) Read(p []byte) (int, error)  { return l.do(p) }
func (l leashed) Write(p []byte) (int, error) { return l.do(p) }

func (l leashed) do(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.err != nil {
		return 0, l.err
	}
	return l.use(p)
}
