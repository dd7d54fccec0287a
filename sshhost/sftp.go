package sshhost

import (
	"context"
	"fmt"
	"io"

	"github.com/pkg/sftp"
	"golang.org/x/crypto/ssh"
)

// SFTP opens an SFTP session on the host. ctx bounds the opening only. The caller closes the client; until then it counts
// as one of the sessions that the server allows. Config.Prefix does not apply to it.
func (h *Host) SFTP(ctx context.Context) (*sftp.Client, error) {
	if err := h.enter(); err != nil {
		return nil, fmt.Errorf("%s: %w", h, err)
	}
	defer h.leave()
	client, err := h.sftp(ctx)
	if err != nil {
		return nil, fmt.Errorf("%s: sftp: %w", h, err)
	}
	return client, nil
}

func (h *Host) sftp(ctx context.Context) (*sftp.Client, error) {
	var client *sftp.Client
	c, s, err := h.open(ctx, func(s *ssh.Session) error {
		stdin, err := s.StdinPipe()
		if err != nil {
			return err
		}
		stdout, err := s.StdoutPipe()
		if err != nil {
			return err
		}
		if err := s.RequestSubsystem("sftp"); err != nil {
			return err
		}
		client, err = sftp.NewClientPipe(stdout, stdin)
		return err
	})
	if err != nil {
		return nil, err
	}
	h.wg.Go(func() {
		client.Wait() // also when the connection is lost
		s.Close()
		h.vacate(c, nil)
	})
	return client, nil
}

// Upload copies what src holds to the file with that name on the host, over SFTP. The file is made or truncated. When ctx
// ends first, the copying stops.
func (h *Host) Upload(ctx context.Context, src io.Reader, name string) error {
	return h.transfer(ctx, "upload "+name, func(client *sftp.Client) error {
		f, err := client.Create(name)
		if err != nil {
			return err
		}
		_, err = io.Copy(f, src)
		if closeErr := f.Close(); err == nil {
			err = closeErr
		}
		return err
	})
}

// Download copies the file with that name on the host to dst, over SFTP. When ctx ends first, the copying stops.
func (h *Host) Download(ctx context.Context, name string, dst io.Writer) error {
	return h.transfer(ctx, "download "+name, func(client *sftp.Client) error {
		f, err := client.Open(name)
		if err != nil {
			return err
		}
		defer f.Close()
		_, err = io.Copy(dst, f)
		return err
	})
}

// transfer has copy use an SFTP session that ends with ctx.
func (h *Host) transfer(ctx context.Context, what string, copy func(*sftp.Client) error) error {
	client, err := h.SFTP(ctx)
	if err != nil {
		return err
	}
	defer client.Close()
	stop := context.AfterFunc(ctx, func() { client.Close() })
	err = copy(client)
	if !stop() {
		err = ctxError(ctx)
	}
	if err != nil {
		return fmt.Errorf("%s: %s: %w", h, what, err)
	}
	return nil
}
