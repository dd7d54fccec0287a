//go:build unix

package storage

import (
	"testing"

	"github.com/pkg/sftp"
	"github.com/tunaperf/tuna/internal/testbed"
	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/knownhosts"
)

func init() { keepers = append(keepers, keeperKind{"SFTP of OpenSSH", openRealSFTP}) }

func openRealSFTP(tb testing.TB, dir string) keeper {
	tb.Helper()
	server := testbed.StartSSHD(tb, testbed.SSHDConfig{})
	key, err := ssh.ParsePrivateKey(server.Key)
	if err != nil {
		tb.Fatal(err)
	}
	check, err := knownhosts.New(server.KnownHosts)
	if err != nil {
		tb.Fatal(err)
	}
	conn, err := ssh.Dial("tcp", server.Addr, &ssh.ClientConfig{
		User: server.User, Auth: []ssh.AuthMethod{ssh.PublicKeys(key)}, HostKeyCallback: check,
	})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { conn.Close() })
	client, err := sftp.NewClient(conn)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { client.Close() })
	return newSFTP(tb, client, dir)
}
