package collecttest

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// nobody is the user that servers run as where the test is root's.
const nobody = 65534

// A Dovecot is a mail server of that name, on this machine, with one user.
type Dovecot struct {
	Port           int    // TLS at once
	ClearPort      int    // in the clear, and STARTTLS
	CA             string // file of the certificate that its own comes from
	User, Password string
	Maildir        string // of the user
	dir            string
	server         *exec.Cmd
	ended          chan struct{} // when the server is no more
	delivered      atomic.Int64
}

// NewDovecot starts a server that ends with the test. Where Dovecot is not installed the test
// is skipped, unless CI=true. More is added to its configuration.
func NewDovecot(t *testing.T, more string) *Dovecot {
	t.Helper()
	if _, err := exec.LookPath("dovecot"); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("Dovecot is absent: apt-get install dovecot-imapd")
		}
		t.Skip("Dovecot is absent: apt-get install dovecot-imapd")
	}
	dir, err := os.MkdirTemp("", "dovecot") // a socket's path is short
	must(t, err)
	t.Cleanup(func() { os.RemoveAll(dir) }) //nolint:errcheck // what is left is in a folder of its own
	d := &Dovecot{Port: freePort(t), ClearPort: freePort(t), CA: filepath.Join(dir, "ca.pem"), User: "ann@example.org", Password: "pass \"word", Maildir: filepath.Join(dir, "mail"), dir: dir}
	d.certify(t)
	for _, name := range []string{"run", "state", "mail/cur", "mail/new", "mail/tmp"} {
		must(t, os.MkdirAll(filepath.Join(dir, name), 0o755))
	}
	write(t, filepath.Join(dir, "users"), []byte(d.User+":{PLAIN}"+d.Password+"\n"))
	write(t, filepath.Join(dir, "dovecot.conf"), []byte(d.config(t)+more))
	d.own(t, dir)
	d.Start(t)
	t.Cleanup(func() { d.Kill(t) })
	return d
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func write(t *testing.T, name string, body []byte) {
	t.Helper()
	must(t, os.WriteFile(name, body, 0o644))
}

func freePort(t *testing.T) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // on this machine
	must(t, err)
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

// own gives what is below a folder to whom the server runs as.
func (d *Dovecot) own(t *testing.T, dir string) {
	t.Helper()
	if os.Getuid() != 0 {
		return
	}
	must(t, filepath.WalkDir(dir, func(name string, _ os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		return os.Chown(name, nobody, nobody)
	}))
}

func (d *Dovecot) config(t *testing.T) string {
	t.Helper()
	uid, gid := os.Getuid(), os.Getgid()
	if uid == 0 {
		uid, gid = nobody, nobody
	}
	who, err := user.LookupId(strconv.Itoa(uid))
	must(t, err)
	group, err := user.LookupGroupId(strconv.Itoa(gid))
	must(t, err)
	return fmt.Sprintf(`
base_dir = %[1]s/run
state_dir = %[1]s/state
log_path = %[1]s/log
protocols = imap
listen = 127.0.0.1
default_internal_user = %[6]s
default_internal_group = %[7]s
default_login_user = %[6]s
first_valid_uid = 1
mail_location = maildir:%[1]s/mail
ssl = yes
ssl_cert = <%[1]s/cert.pem
ssl_key = <%[1]s/key.pem
disable_plaintext_auth = yes
auth_failure_delay = 0
passdb {
  driver = passwd-file
  args = %[1]s/users
}
userdb {
  driver = static
  args = uid=%[2]d gid=%[3]d home=%[1]s
}
service anvil {
  chroot =
  unix_listener anvil-auth-penalty {
    mode = 0
  }
}
service imap-login {
  chroot =
  inet_listener imap {
    port = %[4]d
  }
  inet_listener imaps {
    port = %[5]d
  }
}
`, d.dir, uid, gid, d.ClearPort, d.Port, who.Username, group.Name)
}

// Start starts the server again after Kill.
func (d *Dovecot) Start(t *testing.T) {
	t.Helper()
	cmd := exec.Command("dovecot", "-F", "-c", filepath.Join(d.dir, "dovecot.conf")) //nolint:noctx // Kill ends it
	cmd.Dir = d.dir
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	if os.Getuid() == 0 {
		cmd.SysProcAttr.Credential = &syscall.Credential{Uid: nobody, Gid: nobody}
	}
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &said
	must(t, cmd.Start())
	d.server, d.ended = cmd, make(chan struct{})
	go func(ended chan struct{}) { _ = cmd.Wait(); close(ended) }(d.ended)
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", "127.0.0.1:"+strconv.Itoa(d.Port))
		cancel()
		if err == nil {
			_ = conn.Close()
			return
		}
		select {
		case <-d.ended:
			t.Fatalf("dovecot ended: %s", said.String())
		default:
		}
		if time.Now().After(deadline) {
			log, _ := os.ReadFile(filepath.Join(d.dir, "log"))
			t.Fatalf("dovecot does not answer: %v\n%s", err, log)
		}
	}
}

// Kill ends the server in the midst of whatever it does.
func (d *Dovecot) Kill(t *testing.T) {
	t.Helper()
	_ = syscall.Kill(-d.server.Process.Pid, syscall.SIGKILL) // it may be no more
	select {
	case <-d.ended:
	case <-time.After(time.Minute):
		t.Error("dovecot does not end")
	}
	_ = os.Remove(filepath.Join(d.dir, "run", "master.pid"))
}

// Deliver puts a message into a folder, INBOX if it is empty, as a delivery agent does.
func (d *Dovecot) Deliver(t *testing.T, folder, message string) {
	t.Helper()
	box := d.Maildir
	if folder != "" {
		box = filepath.Join(box, "."+folder)
		for _, in := range []string{"cur", "new", "tmp"} {
			must(t, os.MkdirAll(filepath.Join(box, in), 0o755))
		}
	}
	name := fmt.Sprintf("%d.M%06dP%d.mx.example.org", time.Now().Unix(), d.delivered.Add(1), os.Getpid())
	from := filepath.Join(box, "tmp", name)
	write(t, from, []byte(message))
	d.own(t, box)
	must(t, os.Rename(from, filepath.Join(box, "new", name)))
}

// Renumber gives the messages of INBOX other UIDs, as a restored backup has. The server is to
// be at rest.
func (d *Dovecot) Renumber(t *testing.T, validity int) {
	t.Helper()
	d.Doveadm(t, "mailbox", "update", "-u", d.User, "--uid-validity", strconv.Itoa(validity), "INBOX")
}

// Doveadm has the server's own tool do something.
func (d *Dovecot) Doveadm(t *testing.T, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "doveadm", append([]string{"-c", filepath.Join(d.dir, "dovecot.conf")}, args...)...)
	cmd.Dir = d.dir
	if os.Getuid() == 0 {
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
	}
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("doveadm %v: %v: %s", args, err, out)
	}
	return string(out)
}

// certify makes a certificate of 127.0.0.1, and the authority that it comes from.
func (d *Dovecot) certify(t *testing.T) {
	t.Helper()
	ca := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "tests"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign}
	caKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	own := &x509.Certificate{SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "127.0.0.1"}, NotBefore: ca.NotBefore, NotAfter: ca.NotAfter,
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, DNSNames: []string{"localhost"}, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}}
	for name, c := range map[string]struct {
		of  *x509.Certificate
		key *ecdsa.PrivateKey
	}{"ca.pem": {ca, caKey}, "cert.pem": {own, key}} {
		der, err := x509.CreateCertificate(rand.Reader, c.of, ca, &c.key.PublicKey, caKey)
		must(t, err)
		write(t, filepath.Join(d.dir, name), pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	must(t, err)
	write(t, filepath.Join(d.dir, "key.pem"), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
}
