package collecttest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// An Authority is what made the certificate of a server of a test.
type Authority struct {
	CA        string // file of its own certificate
	Cert, Key string // files of the server's, which is 127.0.0.1
	Roots     *x509.CertPool
}

// NewAuthority makes a certificate for this machine and the authority it is from, in a folder
// that other users can read.
func NewAuthority(t testing.TB) Authority {
	t.Helper()
	dir := PublicDir(t)
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	own := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test authority"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature}
	server := &x509.Certificate{SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "127.0.0.1"}, NotBefore: own.NotBefore, NotAfter: own.NotAfter,
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, DNSNames: []string{"localhost"}, KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}}
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	write := func(name, kind string, body []byte) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: body}), 0o644); err != nil {
			t.Fatal(err)
		}
		return path
	}
	sign := func(of *x509.Certificate) []byte {
		der, err := x509.CreateCertificate(rand.Reader, of, own, &key.PublicKey, key)
		if err != nil {
			t.Fatal(err)
		}
		return der
	}
	a := Authority{CA: write("ca.pem", "CERTIFICATE", sign(own)), Cert: write("cert.pem", "CERTIFICATE", sign(server)), Key: write("key.pem", "PRIVATE KEY", secret), Roots: x509.NewCertPool()}
	text, err := os.ReadFile(a.CA)
	if err != nil || !a.Roots.AppendCertsFromPEM(text) {
		t.Fatal("authority: no certificate", err)
	}
	return a
}

// PublicDir is a temporary folder that other users can read, as servers become that are
// started by root.
func PublicDir(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "portent-test-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil { //nolint:gosec // as it says
		t.Fatal(err)
	}
	return dir
}
