package syslog

import (
	"bufio"
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/fstest"
	"time"

	"github.com/portent-cti/portent/internal/collect"
	"github.com/portent-cti/portent/internal/intel"
)

// A receiver is a source under way.
type receiver struct {
	t    *testing.T
	stop context.CancelFunc
	done chan error
	slow chan struct{} // if set, emit waits for it to be closed

	mu    sync.Mutex
	at    map[string]string
	lines []string
	told  []string
}

// receive begins to listen.
func receive(t *testing.T, s source, slow chan struct{}) *receiver {
	t.Helper()
	r := &receiver{t: t, done: make(chan error, 1), slow: slow, at: map[string]string{}}
	bound := make(chan struct{}, 3)
	s.bound = func(network string, at net.Addr) {
		r.mu.Lock()
		r.at[network] = at.String()
		r.mu.Unlock()
		bound <- struct{}{}
	}
	s.ID, s.Now = "test", time.Now
	s.Notice = func(err error) { r.mu.Lock(); r.told = append(r.told, err.Error()); r.mu.Unlock() }
	ctx, stop := context.WithCancel(t.Context())
	r.stop = stop
	go func() {
		r.done <- s.Collect(ctx, "", func(doc intel.Document, _ intel.Cursor) error {
			if r.slow != nil {
				<-r.slow
			}
			r.mu.Lock()
			defer r.mu.Unlock()
			for line := range strings.Lines(doc.Text) {
				r.lines = append(r.lines, strings.TrimSuffix(line, "\n"))
			}
			return nil
		})
	}()
	for _, a := range []string{s.UDP, s.TCP, s.TLS} {
		if a == "" {
			continue
		}
		select {
		case <-bound:
		case err := <-r.done:
			t.Fatal(err)
		}
	}
	t.Cleanup(stop)
	return r
}

// got waits until so many lines came, and returns them.
func (r *receiver) got(n int) []string {
	r.t.Helper()
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		r.mu.Lock()
		lines := slices.Clone(r.lines)
		r.mu.Unlock()
		if len(lines) >= n {
			return lines
		}
		if time.Now().After(deadline) {
			r.t.Fatalf("%d lines came, want %d: %q", len(lines), n, lines[:min(len(lines), 5)])
		}
	}
}

func (r *receiver) end() error {
	r.stop()
	select {
	case err := <-r.done:
		return err
	case <-time.After(10 * time.Second):
		r.t.Fatal("not ended soon after it was to")
		return nil
	}
}

func (r *receiver) port(network string) string {
	_, port, err := net.SplitHostPort(r.at[network])
	if err != nil {
		r.t.Fatal(err)
	}
	return port
}

const loopback = "127.0.0.1:0"

func TestEveryFramingIsReadWhateverTheOther(t *testing.T) {
	before := runtime.NumGoroutine()
	r := receive(t, source{Settings: Settings{TCP: loopback}}, nil)
	for _, text := range []string{
		"<13>Mar  1 10:00:00 host one\n<13>1 2026-03-01T10:00:00Z host app - - - two\r\n",
		"13 <13>1 counted26 <13>1 counted\nin two lines<13>and a line\n",
		"2026-03-01 no priority\n\n\n7 and a number\n<13>no end",
	} {
		c, err := net.Dial("tcp", r.at["tcp"])
		if err != nil {
			t.Fatal(err)
		}
		io.WriteString(c, text)
		c.Close()
	}
	lines := r.got(8)
	slices.Sort(lines)
	want := []string{"2026-03-01 no priority", "7 and a number", "<13>1 2026-03-01T10:00:00Z host app - - - two", "<13>1 counted", "<13>1 counted in two lines", "<13>Mar  1 10:00:00 host one", "<13>no end", "<13>and a line"}
	slices.Sort(want)
	if !slices.Equal(lines, want) {
		t.Errorf("got %q", lines)
	}
	if err := r.end(); !errors.Is(err, context.Canceled) {
		t.Errorf("ended with %v", err)
	}
	for deadline := time.Now().Add(time.Second); runtime.NumGoroutine() > before; time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%d goroutines are left", runtime.NumGoroutine()-before)
		}
	}
}

// frame reads all messages of a stream.
func frame(text []byte) (out []string, err error) {
	f := frames{in: bufio.NewReader(bytes.NewReader(text)), long: func() {}}
	for {
		m, err := f.next()
		if len(m) > 0 {
			out = append(out, string(m))
		}
		if err != nil {
			return out, err
		}
	}
}

func TestAMessageOfAnyLengthIsReadAndWhatFollowsToo(t *testing.T) {
	long := "<13>" + strings.Repeat("x", 3*longest)
	for _, text := range []string{fmt.Sprintf("%d %s8 <13>next", len(long), long), long + "\n<13>next\n"} {
		got, _ := frame([]byte(text))
		if len(got) != 2 || len(got[0]) != longest || strings.TrimSpace(got[1]) != "<13>next" {
			t.Errorf("%d messages", len(got))
		}
	}
	if got, err := frame([]byte("999999999999 <13>x")); !errors.Is(err, errFraming) || len(got) > 0 {
		t.Errorf("got %q, err %v", got, err)
	}
	if got, _ := frame([]byte("20 <13>cut")); len(got) > 0 {
		t.Errorf("a message that was cut off is one: %q", got)
	}
}

func FuzzFrames(f *testing.F) {
	f.Add([]byte("13 <13>1 counted<13>line\n"))
	f.Add([]byte("99999999 <"))
	f.Fuzz(func(t *testing.T, text []byte) {
		out, err := frame(text)
		n := 0
		for _, m := range out {
			n += len(m)
		}
		if err == nil || n > len(text) {
			t.Errorf("%d bytes of %d, err %v", n, len(text), err)
		}
	})
}

func TestDatagramsThatFindNoRoomAreCountedAndThoseWhoConnectWait(t *testing.T) {
	b := newInbox()
	message := bytes.Repeat([]byte("x"), longest-1)
	for range mostWaiting/longest + 3 {
		b.offer(message)
	}
	if n := b.lost.Load(); n != 3 {
		t.Errorf("%d lost, want 3", n)
	}
	ctx, stop := context.WithCancel(t.Context())
	waited := make(chan bool, 2)
	go func() { waited <- b.wait(ctx, message) }()
	select {
	case <-waited:
		t.Fatal("did not wait")
	case <-time.After(50 * time.Millisecond):
	}
	if n := len(b.take()); n != mostWaiting {
		t.Errorf("%d bytes waited", n)
	}
	if !<-waited {
		t.Error("no room after all was taken")
	}
	stop()
	for range mostWaiting/longest - 1 {
		b.offer(message)
	}
	if b.wait(ctx, message) {
		t.Error("room where there is none")
	}
}

// TestWhatTheKernelDropsIsTold floods a listener that is not read.
func TestWhatTheKernelDropsIsTold(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("this kernel does not tell")
	}
	l := listening{source: &source{}}
	c, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	c.SetReadBuffer(4096)
	if !countDrops(c) {
		t.Fatal("the kernel is not asked")
	}
	to, err := net.Dial("udp", c.LocalAddr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer to.Close()
	for range 200 {
		to.Write(make([]byte, 1000))
	}
	buf, extra := make([]byte, 2000), make([]byte, 128)
	for c.SetReadDeadline(time.Now().Add(time.Second)); ; {
		_, more, _, _, err := c.ReadMsgUDPAddrPort(buf, extra)
		if err != nil {
			break
		}
		if n, ok := dropsIn(extra[:more]); ok {
			l.kernel.Store(int64(n))
		}
		to.Write([]byte("and one"))
		if l.kernel.Load() > 0 {
			break
		}
	}
	if n := l.dropped(); n < 100 || l.dropped() != 0 {
		t.Errorf("%d were dropped", n)
	}
}

func TestOnlyThoseWhoMaySendAreHeard(t *testing.T) {
	s, err := open(collect.Env{}, collect.Strict([]byte(`{"udp":"127.0.0.1:0","tcp":"127.0.0.1:0","senders":["192.0.2.0/24"]}`)))
	if err != nil {
		t.Fatal(err)
	}
	r := receive(t, *s.(*source), nil)
	for _, network := range []string{"udp", "tcp"} {
		c, err := net.Dial(network, r.at[network])
		if err != nil {
			t.Fatal(err)
		}
		io.WriteString(c, "<13>one\n")
		if network == "tcp" {
			c.SetReadDeadline(time.Now().Add(5 * time.Second))
			if n, err := c.Read(make([]byte, 1)); n > 0 || err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
				t.Errorf("not turned away: %v", err)
			}
		}
		c.Close()
	}
	r.end()
	if len(r.lines) > 0 {
		t.Errorf("heard %q", r.lines)
	}
}

func TestBadSettingsSayWhatIsWrong(t *testing.T) {
	for settings, want := range map[string]string{
		`{}`:                                    "udp, tcp or tls is missing",
		`{"udp":"5514"}`:                        "udp:",
		`{"tcp":"localhost:5514"}`:              "tcp:",
		`{"tls":"127.0.0.1:6514"}`:              "go together",
		`{"udp":"127.0.0.1:1","clients":"x"}`:   "go together",
		`{"udp":"127.0.0.1:1","senders":["x"]}`: "senders",
		`{"colour":"red"}`:                      "colour",
	} {
		if _, err := open(collect.Env{}, collect.Strict([]byte(settings))); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", settings, err, want)
		}
	}
	busy, err := net.Listen("tcp", loopback)
	if err != nil {
		t.Fatal(err)
	}
	defer busy.Close()
	s := source{Settings: Settings{TCP: busy.Addr().String()}}
	s.Now = time.Now
	if err := s.Collect(t.Context(), "", nil); err == nil || !strings.Contains(err.Error(), "another program") || collect.IsPermanent(err) {
		t.Errorf("busy: %v", err)
	}
	s = source{Settings: Settings{TLS: loopback, Certificate: "/cert.pem", Key: "env:KEY"}}
	s.Now, s.Files = time.Now, fstest.MapFS{"cert.pem": {Data: []byte("no certificate")}}
	s.Reveal = func(collect.Secret) (string, error) { return "no key, s3cr3t", nil }
	if err := s.Collect(t.Context(), "", nil); !collect.IsPermanent(err) || strings.Contains(err.Error(), "s3cr3t") {
		t.Errorf("bad certificate: %v", err)
	}
}

// certificate makes one for loopback, signed by itself.
func certificate(t *testing.T) (certificate, key []byte) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "localhost"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, DNSNames: []string{"localhost"}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &private.PublicKey, private)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret})
}

// secured is a source that listens for TLS.
func secured(t *testing.T, clients bool) (source, []byte) {
	t.Helper()
	cert, key := certificate(t)
	s := source{Settings: Settings{TLS: loopback, Certificate: "/etc/cert.pem", Key: "env:KEY"}}
	if clients {
		s.Clients = "/etc/cert.pem"
	}
	s.Files = fstest.MapFS{"etc/cert.pem": {Data: cert}}
	s.Reveal = func(collect.Secret) (string, error) { return string(key), nil }
	return s, cert
}

func TestOverTLSWhoMustShowACertificateDoes(t *testing.T) {
	for _, clients := range []bool{false, true} {
		s, cert := secured(t, clients)
		r := receive(t, s, nil)
		roots := x509.NewCertPool()
		roots.AppendCertsFromPEM(cert)
		c, err := tls.Dial("tcp", r.at["tls"], &tls.Config{RootCAs: roots})
		if err != nil {
			t.Fatal(err)
		}
		io.WriteString(c, "7 <13>one")
		c.SetReadDeadline(time.Now().Add(300 * time.Millisecond))
		_, err = c.Read(make([]byte, 1))
		if clients == errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("clients must show one %v: %v", clients, err)
		}
		if !clients {
			r.got(1)
		}
		c.Close()
		r.end()
	}
}

// program finds a program, without which the test is skipped, but not by CI.
func program(t *testing.T, name string) string {
	t.Helper()
	for _, path := range []string{name, "/usr/sbin/" + name} {
		if found, err := exec.LookPath(path); err == nil {
			return found
		}
	}
	if os.Getenv("CI") == "true" {
		t.Fatalf("%s is absent", name)
	}
	t.Skipf("%s is absent", name)
	return ""
}

func TestMessagesOfLoggerAreRead(t *testing.T) {
	logger := program(t, "logger")
	r := receive(t, source{Settings: Settings{UDP: loopback, TCP: loopback}}, nil)
	for i, args := range [][]string{
		{"--udp", "--rfc5424", "-P", r.port("udp")},
		{"--udp", "--rfc3164", "-P", r.port("udp")},
		{"--tcp", "--octet-count", "-P", r.port("tcp")},
		{"--tcp", "--octet-count", "--rfc3164", "-P", r.port("tcp")},
		{"--tcp", "-P", r.port("tcp")},
	} {
		args = append(args, "-n", "127.0.0.1", "-t", "portent", fmt.Sprintf("message %d says evil.example", i))
		if out, err := exec.CommandContext(t.Context(), logger, args...).CombinedOutput(); err != nil {
			t.Fatalf("%v %s", err, out)
		}
		lines := r.got(i + 1)
		if last := lines[len(lines)-1]; len(lines) != i+1 || !strings.HasSuffix(last, fmt.Sprintf("message %d says evil.example", i)) || !strings.HasPrefix(last, "<13>") {
			t.Errorf("%v: got %q", args, lines)
		}
	}
}

// TestMessagesOfRsyslogAreRead has it read from its standard input and send on.
func TestMessagesOfRsyslogAreRead(t *testing.T) {
	rsyslogd := program(t, "rsyslogd")
	s, cert := secured(t, false)
	s.UDP, s.TCP = loopback, loopback
	r := receive(t, s, nil)
	dir := t.TempDir()
	ca, log := filepath.Join(dir, "ca.pem"), filepath.Join(dir, "app.log")
	conf := fmt.Sprintf(`global(workDirectory="%s" defaultNetstreamDriverCAFile="%s")
module(load="imfile" mode="polling" pollingInterval="1")
input(type="imfile" file="%s" tag="app:" reopenOnTruncate="on")
action(type="omfwd" target="127.0.0.1" port="%s" protocol="udp" template="RSYSLOG_SyslogProtocol23Format")
action(type="omfwd" target="127.0.0.1" port="%s" protocol="tcp" TCP_Framing="octet-counted" template="RSYSLOG_SyslogProtocol23Format")
action(type="omfwd" target="127.0.0.1" port="%s" protocol="tcp" template="RSYSLOG_TraditionalForwardFormat")
action(type="omfwd" target="127.0.0.1" port="%s" protocol="tcp" StreamDriver="gtls" StreamDriverMode="1" StreamDriverAuthMode="x509/certvalid" TCP_Framing="octet-counted" template="RSYSLOG_SyslogProtocol23Format")
`, dir, ca, log, r.port("udp"), r.port("tcp"), r.port("tcp"), r.port("tls"))
	for path, text := range map[string]string{ca: string(cert), log: "one says evil.example\n", filepath.Join(dir, "conf"): conf} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	ctx, stop := context.WithTimeout(t.Context(), 30*time.Second)
	defer stop()
	var out bytes.Buffer
	cmd := exec.CommandContext(ctx, rsyslogd, "-n", "-f", filepath.Join(dir, "conf"), "-i", filepath.Join(dir, "pid"))
	cmd.Stdout, cmd.Stderr = &out, &out
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = 5 * time.Second
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer cmd.Wait()
	defer stop()
	defer func() {
		if t.Failed() {
			t.Log(out.String())
		}
	}()
	lines := r.got(4)
	for _, l := range lines {
		if !strings.HasPrefix(l, "<") || !strings.HasSuffix(l, "one says evil.example") {
			t.Errorf("got %q", l)
		}
	}
}
