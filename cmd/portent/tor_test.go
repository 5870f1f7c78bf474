package main

import (
	"bufio"
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"
)

// A torNetwork is a Tor of its own on loopback: three directory authorities and two relays, of
// which a circuit to an onion service needs no fewer, and a client that has the service too.
type torNetwork struct {
	dir   string
	empty string   // a configuration that says nothing: Tor reads that of its package otherwise
	ports []string // addresses that are free, of which next takes one
	// socks is where programs ask the client; shared is likewise, but keeps nobody apart.
	socks, shared, control string
	onion                  string // the service
	stop                   func() // ends the client
}

// startTor starts a network whose service is at an address. Without Tor the test is skipped,
// but fails where CI=true.
func startTor(t *testing.T, service string) *torNetwork {
	t.Helper()
	for _, program := range []string{"tor", "tor-gencert"} {
		if _, err := exec.LookPath(program); err != nil {
			if os.Getenv("CI") == "true" {
				t.Fatalf("%s is not installed; .ci/run installs it", program)
			}
			t.Skipf("%s is not installed: nothing is read through Tor", program)
		}
	}
	n := &torNetwork{dir: t.TempDir(), empty: file(t, "empty", nil), ports: freeAddresses(t, 13)}
	n.socks, n.shared, n.control = n.next(), n.next(), n.next()
	names := []string{"auth1", "auth2", "auth3", "relay1", "relay2"}
	relay, directory, authorities := map[string]string{}, map[string]string{}, ""
	for _, name := range names {
		relay[name], directory[name] = n.next(), n.next()
	}
	for _, name := range names[:3] {
		v3, own := n.keys(t, name, directory[name])
		authorities += fmt.Sprintf("DirAuthority %s orport=%s no-v2 v3ident=%s %s %s\n", name, port(relay[name]), v3, directory[name], own)
	}
	for i, name := range names {
		torrc := authorities + fmt.Sprintf("SocksPort 0\nAddress 127.0.0.1\nOrPort %s\nDirPort %s\nExitPolicy reject *:*\n", relay[name], directory[name])
		if i < 3 {
			torrc += "AuthoritativeDirectory 1\nV3AuthoritativeDirectory 1\nContactInfo nobody@example.org\nTestingDirAuthVoteGuard *\nTestingDirAuthVoteHSDir *\nTestingDirAuthVoteExit *\n" +
				"TestingV3AuthInitialVotingInterval 5\nTestingV3AuthInitialVoteDelay 2\nTestingV3AuthInitialDistDelay 2\nV3AuthVotingInterval 10\nV3AuthVoteDelay 2\nV3AuthDistDelay 2\n"
		}
		n.run(t, name, torrc)
	}
	n.agreed(t, len(names))
	n.stop = n.run(t, "client", authorities+fmt.Sprintf("SocksPort %s\nSocksPort %s NoIsolateSOCKSAuth\nControlPort %s\nHiddenServiceDir %s\nHiddenServicePort 80 %s\n",
		n.socks, n.shared, n.control, filepath.Join(n.dir, "service"), service))
	n.await(t)
	return n
}

// freeAddresses are addresses of this machine that nobody listens on, and that no other test is
// given when it asks for any.
func freeAddresses(t *testing.T, n int) (all []string) {
	t.Helper()
	for tried := 0; len(all) < n; tried++ {
		l, err := net.Listen("tcp", fmt.Sprint("127.0.0.1:", 10_000+rand.IntN(10_000)))
		if err == nil {
			defer l.Close() // all are held until the last is found
			all = append(all, l.Addr().String())
		} else if tried > 1000 {
			t.Fatal(err)
		}
	}
	return all
}

func (n *torNetwork) next() (address string) {
	address, n.ports = n.ports[0], n.ports[1:]
	return address
}

func port(address string) string { return address[strings.LastIndexByte(address, ':')+1:] }

// keys makes those of an authority, and returns the fingerprints that others know it by.
func (n *torNetwork) keys(t *testing.T, name, directory string) (v3, own string) {
	t.Helper()
	dir := filepath.Join(n.dir, name)
	keys := filepath.Join(dir, "keys")
	if err := os.MkdirAll(keys, 0o700); err != nil {
		t.Fatal(err)
	}
	gencert := exec.CommandContext(t.Context(), "tor-gencert", "--create-identity-key", "--passphrase-fd", "0", "-m", "12", "-a", directory,
		"-i", filepath.Join(keys, "authority_identity_key"), "-s", filepath.Join(keys, "authority_signing_key"), "-c", filepath.Join(keys, "authority_certificate"))
	gencert.Stdin = strings.NewReader("of no use\n")
	if out, err := gencert.CombinedOutput(); err != nil {
		t.Fatalf("tor-gencert: %v: %s", err, out)
	}
	certificate, err := os.ReadFile(filepath.Join(keys, "authority_certificate"))
	if err != nil {
		t.Fatal(err)
	}
	list := exec.CommandContext(t.Context(), "tor", "-f", n.empty, "--defaults-torrc", n.empty, "--DataDirectory", dir, "--Nickname", name, "--ORPort", "1", "--list-fingerprint", "--quiet",
		"--DirAuthority", "none 127.0.0.1:1 "+strings.Repeat("f", 40))
	out, err := list.Output()
	if err != nil {
		t.Fatalf("tor --list-fingerprint: %v: %s", err, out)
	}
	v3 = regexp.MustCompile(`(?m)^fingerprint (\w+)`).FindStringSubmatch(string(certificate))[1]
	return v3, strings.TrimSpace(strings.TrimPrefix(string(out), name))
}

// run starts a process of the network, which ends with this one whatever happens.
func (n *torNetwork) run(t *testing.T, name, torrc string) (stop func()) {
	t.Helper()
	file := filepath.Join(n.dir, name+".torrc")
	torrc += fmt.Sprintf("TestingTorNetwork 1\nDataDirectory %s\nNickname %s\nAssumeReachable 1\nAddressDisableIPv6 1\nShutdownWaitLength 0\nPathsNeededToBuildCircuits 0.67\n"+
		"V3AuthNIntervalsValid 2\n__OwningControllerProcess %d\nLog notice file %s\n", filepath.Join(n.dir, name), name, os.Getpid(), filepath.Join(n.dir, name+".log"))
	if err := os.WriteFile(file, []byte(torrc), 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	cmd := exec.CommandContext(ctx, "tor", "-f", file, "--defaults-torrc", n.empty, "--quiet")
	if err := cmd.Start(); err != nil {
		cancel()
		t.Fatal(err)
	}
	stop = sync.OnceFunc(func() { cancel(); _ = cmd.Wait() })
	t.Cleanup(stop)
	return stop
}

// agreed waits until the authorities agree on all relays: a client that asks before waits longer
// each time.
func (n *torNetwork) agreed(t *testing.T, relays int) {
	t.Helper()
	until(t, 60*time.Second, func() bool {
		said, err := os.ReadFile(filepath.Join(n.dir, "auth1", "cached-microdesc-consensus"))
		return err == nil && strings.Count(string(said), "\nr ") == relays
	})
}

// await waits until the service is reached through the network.
func (n *torNetwork) await(t *testing.T) {
	t.Helper()
	client := filepath.Join(n.dir, "client.log")
	defer func() {
		if t.Failed() {
			said, _ := os.ReadFile(client)
			t.Logf("the client says:\n%s", said)
		}
	}()
	until(t, 100*time.Second, func() bool {
		said, err := os.ReadFile(client)
		return err == nil && strings.Contains(string(said), "Bootstrapped 100%")
	})
	name, err := os.ReadFile(filepath.Join(n.dir, "service", "hostname"))
	if err != nil {
		t.Fatal(err)
	}
	n.onion = strings.TrimSpace(string(name))
}

// A controller tells which circuits the client takes.
type controller struct {
	mu    sync.Mutex
	lines []string
}

// watchCircuits listens to the client from now on.
func (n *torNetwork) watchCircuits(t *testing.T) *controller {
	t.Helper()
	conn, err := net.Dial("tcp", n.control)
	if err != nil {
		t.Fatal(err)
	}
	c, done := &controller{}, make(chan struct{})
	t.Cleanup(func() { conn.Close(); <-done })
	if _, err := fmt.Fprint(conn, "AUTHENTICATE\r\nSETEVENTS STREAM\r\n"); err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(done)
		for lines := bufio.NewScanner(conn); lines.Scan(); {
			c.mu.Lock()
			c.lines = append(c.lines, lines.Text())
			c.mu.Unlock()
		}
	}()
	until(t, 60*time.Second, func() bool { c.mu.Lock(); defer c.mu.Unlock(); return len(c.lines) >= 2 })
	return c
}

var succeeded = regexp.MustCompile(`^650 STREAM \d+ SUCCEEDED (\d+) \S+\.onion:80 (?:SOCKS_USERNAME="([^"]*)")?`)

// circuits are those that connections of each user were given; nobody is "".
func (c *controller) circuits() map[string][]string {
	c.mu.Lock()
	defer c.mu.Unlock()
	all := map[string][]string{}
	for _, line := range c.lines {
		if m := succeeded.FindStringSubmatch(line); m != nil {
			all[m[2]] = append(all[m[2]], m[1])
		}
	}
	return all
}
