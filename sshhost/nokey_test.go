package sshhost_test

import (
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/crypto/ssh"

	"github.com/tunaperf/tuna/internal/testbed"
	"github.com/tunaperf/tuna/sshhost"
)

// TestKeysThatAreNotThere has ssh_config name keys that cannot be used. The error names each, but for the usual ones.
func TestKeysThatAreNotThere(t *testing.T) {
	s := testbed.StartSSHD(t, testbed.SSHDConfig{})
	_, port, _ := net.SplitHostPort(s.Addr)
	dir := t.TempDir()
	t.Setenv("HOME", dir) // without the usual keys
	signer, err := ssh.ParsePrivateKey(s.Key)
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string][]byte{"file": nil, "key.pub": ssh.MarshalAuthorizedKey(signer.PublicKey()), "key": s.Key} {
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, test := range []struct {
		name, text string
		want       error
		says       string
	}{
		{"missing", "IdentityFile DIR/none-there", sshhost.ErrNoKey, dir + "/none-there: no such file"},
		{"cannot be reached", "IdentityFile DIR/file/key", sshhost.ErrNoKey, dir + "/file/key: not a directory"},
		{"no key", "IdentityFile DIR/file", sshhost.ErrNoKey, "key " + dir + "/file"},
		{"a public key", "IdentityFile DIR/key.pub", sshhost.ErrNoKey, dir + "/key.pub: it is a public key"},
		{"missing beside one that is refused", "IdentityFile DIR/none-there\nPubkeyAcceptedAlgorithms rsa-sha2-512\nIdentityFile KEY", sshhost.ErrNoKey, dir + "/none-there: no such file"},
		{"missing certificate", "CertificateFile DIR/none-there", sshhost.ErrNoKey, dir + "/none-there: no such file"},
		{"missing beside one that does", "IdentityFile DIR/none-there\nIdentityFile KEY", nil, ""},
		{"none", "IdentityFile none", sshhost.ErrNoKey, "no key or password"},
		{"the usual ones", "", sshhost.ErrNoKey, "no key or password"},
	} {
		t.Run(test.name, func(t *testing.T) {
			text := strings.NewReplacer("DIR", dir, "KEY", s.KeyFile).Replace(test.text)
			c, err := sshhost.FromSSHConfig(s.User+"@127.0.0.1:"+port, writeFile(t, text+"\nIdentitiesOnly yes\nIdentityAgent none\nUserKnownHostsFile "+
				s.KnownHosts+"\nGlobalKnownHostsFile none\n"))
			if err != nil {
				t.Fatal(err)
			}
			err = login(t, c)
			checkError(t, err, test.want, s.Addr)
			if err != nil && (!strings.Contains(err.Error(), test.says) || strings.Contains(err.Error(), "id_rsa")) {
				t.Errorf("got %v, want %s", err, test.says)
			}
		})
	}
}
