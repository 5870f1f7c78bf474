// Package syslog takes in messages of syslog, as lines to be hunted: over UDP (RFC 5426),
// TCP (RFC 6587, both framings) and TLS (RFC 5425), in the form of RFC 5424, 3164 or none.
//
// Nothing of what was sent while nobody listened comes again: no sender knows what was read.
package syslog

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/netip"
	"strings"
	"sync"
	"time"

	"github.com/portent-cti/portent/internal/collect"
	"github.com/portent-cti/portent/internal/intel"
)

// Settings are where messages are taken in, and from whom.
type Settings struct {
	UDP         string         `json:"udp" help:"Address to listen on for datagrams, such as 127.0.0.1:5514."`
	TCP         string         `json:"tcp" help:"Address to listen on for connections."`
	TLS         string         `json:"tls" help:"Address to listen on for encrypted connections, such as 10.0.0.5:6514."`
	Certificate string         `json:"certificate" help:"File of the certificate shown there, in PEM, with those above it."`
	Key         collect.Secret `json:"key" help:"Its private key in PEM: file:PATH or age:NAME."`
	Clients     string         `json:"clients" help:"File of certificates, in PEM, one of which those who connect there must come from."`
	Senders     []string       `json:"senders" help:"Networks that may send, such as 10.0.0.0/8; none for everybody."`
}

// Connector listens for messages.
var Connector = collect.Connector{
	Name:        "syslog",
	About:       "messages of syslog (UDP, TCP, TLS), hunted for what is known",
	Reliability: 'A',
	Live:        true,
	Telemetry:   true,
	Settings:    Settings{},
	Proven:      "logger of util-linux 2.38 over UDP and TCP, rsyslog 8.2302 over UDP, TCP and TLS",
	Open:        open,
}

func open(env collect.Env, decode func(any) error) (collect.Source, error) {
	var s Settings
	if err := decode(&s); err != nil {
		return nil, err
	}
	if s.UDP+s.TCP+s.TLS == "" {
		return nil, errors.New("udp, tcp or tls is missing: an address to listen on, such as 127.0.0.1:5514")
	}
	for key, address := range map[string]string{"udp": s.UDP, "tcp": s.TCP, "tls": s.TLS} {
		if address == "" {
			continue
		}
		if _, err := netip.ParseAddrPort(address); err != nil {
			return nil, fmt.Errorf("%s: %q is no address to listen on such as 127.0.0.1:5514", key, address)
		}
	}
	if (s.TLS == "") != (s.Certificate == "") || (s.TLS == "") != (s.Key == "") || s.TLS == "" && s.Clients != "" {
		return nil, errors.New("tls, certificate and key go together, and clients with them")
	}
	src := &source{Env: env, Settings: s}
	for _, network := range s.Senders {
		p, err := netip.ParsePrefix(network)
		if err != nil {
			return nil, fmt.Errorf("senders: %q is no network such as 10.1.0.0/16", network)
		}
		src.senders = append(src.senders, p)
	}
	return src, nil
}

type source struct {
	collect.Env
	Settings
	senders []netip.Prefix

	bound func(network string, at net.Addr) // told where it listens, for tests; nil for no one
}

// Collect implements collect.Source.
func (s *source) Collect(ctx context.Context, _ intel.Cursor, emit collect.Emit) (err error) {
	within, stop := context.WithCancelCause(ctx)
	l := listening{source: s, in: newInbox(), failed: func(err error) { stop(err) }}
	var wg sync.WaitGroup
	defer func() {
		stop(nil)
		wg.Wait()
	}()
	if err := l.listen(within, &wg); err != nil {
		return err
	}
	tick := time.NewTicker(telling)
	defer tick.Stop()
	for n := 1; ; n++ {
		select {
		case <-within.Done():
			wg.Wait() // what was taken in is still handed on
			return errors.Join(context.Cause(within), s.give(l.in.take(), n, emit))
		case <-tick.C:
			l.tell()
		case <-l.in.ready:
			if err := s.give(l.in.take(), n, emit); err != nil {
				return err
			}
		}
	}
}

// give hands on messages, as the n-th document.
func (s *source) give(text []byte, n int, emit collect.Emit) error {
	if len(text) == 0 {
		return nil
	}
	now := s.Now().UTC()
	doc := intel.Document{ID: intel.NewDocumentID(s.ID, now.Format(time.RFC3339Nano), fmt.Sprint(n)), Source: s.ID, Genre: intel.Log,
		Channel: "syslog", Title: "syslog", Text: string(text)}
	return emit(doc, intel.Cursor(now.Format(time.RFC3339)))
}

// telling is how often it is told what was lost.
const telling = 10 * time.Second

// tell tells what was lost since it was last told.
func (l *listening) tell() {
	if n := l.in.lost.Swap(0) + l.dropped(); n > 0 {
		l.Noticed(fmt.Errorf("%d datagrams were lost since %s: they came faster than they could be read; TCP makes senders wait", n, l.Now().UTC().Add(-telling).Format(time.TimeOnly)))
	}
	if n := l.turned.Swap(0); n > 0 {
		l.Noticed(fmt.Errorf("%d connections were turned away: %d are open, the most there may be", n, mostConnections))
	}
	if n := l.long.Swap(0); n > 0 {
		l.Noticed(fmt.Errorf("%d messages were longer than %d KiB, or framed in no known way: their rest was not read", n, longest>>10))
	}
}

// allowed reports whether an address may send.
func (s *source) allowed(from net.Addr) bool {
	if len(s.senders) == 0 {
		return true
	}
	a, err := netip.ParseAddrPort(from.String())
	if err != nil {
		return false
	}
	addr := a.Addr().Unmap()
	for _, p := range s.senders {
		if p.Contains(addr) {
			return true
		}
	}
	return false
}

// secure is how connections are encrypted.
func (s *source) secure() (*tls.Config, error) {
	certificate, err := s.file(s.Certificate)
	if err != nil {
		return nil, err
	}
	key, err := s.Reveal(s.Key)
	if err != nil {
		return nil, err
	}
	pair, err := tls.X509KeyPair(certificate, []byte(key))
	if err != nil {
		return nil, collect.Permanent(fmt.Errorf("certificate %s and its key: %w", s.Certificate, err))
	}
	c := &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12}
	if s.Clients == "" {
		return c, nil
	}
	text, err := s.file(s.Clients)
	if err != nil {
		return nil, err
	}
	c.ClientAuth, c.ClientCAs = tls.RequireAndVerifyClientCert, x509.NewCertPool()
	if !c.ClientCAs.AppendCertsFromPEM(text) {
		return nil, collect.Permanent(fmt.Errorf("clients: %s has no certificate in PEM", s.Clients))
	}
	return c, nil
}

func (s *source) file(path string) ([]byte, error) {
	if s.Files == nil {
		return nil, collect.Permanent(errors.New("this source may read no local files"))
	}
	return fs.ReadFile(s.Files, strings.TrimPrefix(path, "/"))
}
