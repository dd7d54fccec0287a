package iperf_test

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tunaperf/tuna/internal/testbed"
	"github.com/tunaperf/tuna/iperf"
	"github.com/tunaperf/tuna/iperf/report"
	"github.com/tunaperf/tuna/sshhost"
)

// TestOwnReason has programs that do not serve or make a test, and say why. Their reason is the run's error and what the
// other program met of it a warning. TUNA_IPERF3 can name further programs, as PATH does.
func TestOwnReason(t *testing.T) {
	testbed.Need(t, "iperf3", "iperf")
	host := sshhost.Local{Prefix: "env IPERF3_PASSWORD=wrong"}
	goProgram := filepath.Join(t.TempDir(), "iperf3")
	testbed.Command(t, "go", "build", "-o", goProgram, "github.com/tunaperf/tuna/iperf/native/iperf3")
	programs := append([]string{"iperf3", goProgram}, filepath.SplitList(os.Getenv("TUNA_IPERF3"))...)
	public, private, users := authorization(t)
	for _, test := range []struct {
		name   string
		client iperf.ClientSettings
		server iperf.ServerSettings
		kind   error
		texts  []string // one of them is in the error
	}{
		{"bitrate limit, the client's rate", iperf.ClientSettings{Rate: 20e6}, iperf.ServerSettings{BitrateLimit: 1e6},
			iperf.ErrRejected, []string{"larger than server limit", "exceeded"}},
		{"bitrate limit, UDP", iperf.ClientSettings{Protocol: report.ProtocolUDP, Rate: 20e6}, iperf.ServerSettings{BitrateLimit: 1e6},
			iperf.ErrRejected, []string{"larger than server limit", "exceeded"}},
		{"bitrate limit, measured", iperf.ClientSettings{Time: 4 * time.Second}, iperf.ServerSettings{BitrateLimit: 1e6, BitrateLimitInterval: time.Second},
			iperf.ErrRejected, []string{"larger than server limit", "exceeded"}},
		{"the server's processor", iperf.ClientSettings{Affinity: "0,999"}, iperf.ServerSettings{}, iperf.ErrUnsupported, []string{"affinity", "invalid option"}},
		{"the client's processor", iperf.ClientSettings{Affinity: "999"}, iperf.ServerSettings{}, iperf.ErrUnsupported, []string{"affinity", "invalid option"}},
		{"congestion control", iperf.ClientSettings{Congestion: "nosuch"}, iperf.ServerSettings{}, iperf.ErrUnsupported, []string{"TCP_CONGESTION"}},
		{"authorization", iperf.ClientSettings{Username: "mario", RSAPublicKeyPath: public},
			iperf.ServerSettings{RSAPrivateKeyPath: private, AuthorizedUsersPath: users}, iperf.ErrRejected, []string{"authorization"}},
		{"duration", iperf.ClientSettings{Time: 3 * time.Second}, iperf.ServerSettings{MaxDuration: time.Second},
			iperf.ErrRejected, []string{"maximum permitted"}},
	} {
		for _, program := range programs {
			t.Run(test.name+"/"+strings.ReplaceAll(program, "/", "_"), func(t *testing.T) {
				t.Parallel()
				x := iperf.Iperf{
					Program: program, ClientServer: iperf.Hosts{DUT: host, TrafficServer: host}, Client: test.client, Server: test.server,
				}
				x.Server.AutoPort = true
				if x.Client.Time == 0 {
					x.Client.Time = time.Second
				}
				res, err := x.Upstream(t.Context(), "")
				if res == nil && errors.Is(err, iperf.ErrUnsupported) {
					return // an option that this version, or build, lacks
				}
				said := false
				for _, text := range test.texts {
					said = said || err != nil && strings.Contains(err.Error(), text)
				}
				if !errors.Is(err, test.kind) || !said || iperf.Transient(err) || errors.Is(err, iperf.ErrPeerLost) || errors.Is(err, iperf.ErrRefused) {
					t.Errorf("got %+v (transient: %v), want %v alone, with one of %q", err, iperf.Transient(err), test.kind, test.texts)
				}
				t.Log(err)
				if res != nil {
					t.Log(res.Warnings)
				}
			})
		}
	}
}

// authorization makes the files of iperf 3's authorization, which know the user mario with the password secret.
func authorization(t *testing.T) (public, private, users string) {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256([]byte("{mario}secret"))
	file := func(name string, data []byte) string {
		name = filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(name, data, 0o600); err != nil {
			t.Fatal(err)
		}
		return name
	}
	public = file("public.pem", pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
	private = file("private.pem", pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)}))
	users = file("users.csv", []byte("mario,"+hex.EncodeToString(sum[:])+"\n"))
	return public, private, users
}
