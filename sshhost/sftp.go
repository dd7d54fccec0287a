package sshhost

import (
	"context"
	"fmt"
	"io"

	"github.com/pkg/sftp"
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
	c, ch, err := h.open(ctx, "subsystem", "sftp")
	if err != nil {
		return nil, err
	}
	stop := context.AfterFunc(ctx, func() { ch.Close() })
	client, err := sftp.NewClientPipe(ch, &input{Channel: ch.Channel})
	if !stop() {
		err = ctxError(ctx)
	}
	h.wg.Go(func() {
		if client != nil {
			client.Wait() // for the caller's Close, or the loss of the connection
		}
		ch.Close()
		h.vacate(c, nil)
	})
	return client, err
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
