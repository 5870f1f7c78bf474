package syslog

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// mostConnections is how many senders may be connected at once.
	mostConnections = 256
	// silence is how long one may say nothing, and greeting how long it may take to agree on
	// how to encrypt.
	silence, greeting = time.Hour, 10 * time.Second
	// roomy is how much the kernel is asked to hold of datagrams.
	roomy = 4 << 20
)

// listening is a source under way. Whatever listens ends with its context, and is waited for.
type listening struct {
	*source
	in     *inbox
	failed func(error)
	open   atomic.Int64 // connections
	turned atomic.Int64 // away
	long   atomic.Int64 // messages that were not read
	kernel atomic.Int64 // datagrams that the kernel dropped, all in all
	told   int64        // of these
}

// listen begins to listen on all addresses.
func (l *listening) listen(ctx context.Context, wg *sync.WaitGroup) error {
	var lc net.ListenConfig
	if l.UDP != "" {
		c, err := lc.ListenPacket(ctx, "udp", l.UDP)
		if err != nil {
			return refused(err)
		}
		l.began(ctx, wg, "udp", c.LocalAddr(), c.Close, func() error { return l.datagrams(c.(*net.UDPConn)) })
	}
	if l.TCP != "" {
		t, err := lc.Listen(ctx, "tcp", l.TCP)
		if err != nil {
			return refused(err)
		}
		l.began(ctx, wg, "tcp", t.Addr(), t.Close, func() error { return l.accept(ctx, wg, t) })
	}
	if l.TLS != "" {
		secure, err := l.secure()
		if err != nil {
			return err
		}
		t, err := lc.Listen(ctx, "tcp", l.TLS)
		if err != nil {
			return refused(err)
		}
		l.began(ctx, wg, "tls", t.Addr(), t.Close, func() error { return l.accept(ctx, wg, tls.NewListener(t, secure)) })
	}
	return nil
}

// refused says what to do where an address cannot be listened on.
func refused(err error) error {
	return fmt.Errorf("%w (another program may listen there, and ports below 1024 are for root alone)", err)
}

// began runs what listens until ctx ends.
func (l *listening) began(ctx context.Context, wg *sync.WaitGroup, network string, at net.Addr, end func() error, run func() error) {
	stop := context.AfterFunc(ctx, func() { _ = end() })
	wg.Go(func() {
		defer end() //nolint:errcheck // it has ended
		defer stop()
		if err := run(); err != nil && ctx.Err() == nil {
			l.failed(err)
		}
	})
	if l.bound != nil {
		l.bound(network, at)
	}
}

// datagrams takes in one message of each datagram.
func (l *listening) datagrams(c *net.UDPConn) error {
	_ = c.SetReadBuffer(roomy) // as much as the kernel gives
	counted := countDrops(c)
	buf, extra := make([]byte, 64<<10), make([]byte, 128)
	for {
		n, more, _, from, err := c.ReadMsgUDPAddrPort(buf, extra)
		if err != nil {
			return err
		}
		if counted && more > 0 {
			if drops, ok := dropsIn(extra[:more]); ok {
				l.kernel.Store(int64(drops))
			}
		}
		if l.allowed(net.UDPAddrFromAddrPort(from)) {
			l.in.offer(buf[:n])
		}
	}
}

// dropped is how many datagrams the kernel dropped since this was last asked.
func (l *listening) dropped() int64 {
	now := l.kernel.Load()
	n := now - l.told
	if l.told = now; n < 0 { // its count has 32 bits
		return 0
	}
	return n
}

// accept takes in the messages of all who connect.
func (l *listening) accept(ctx context.Context, wg *sync.WaitGroup, t net.Listener) error {
	for {
		c, err := t.Accept()
		if err != nil {
			return err
		}
		if !l.allowed(c.RemoteAddr()) {
			_ = c.Close()
			continue
		}
		if l.open.Add(1) > mostConnections {
			l.open.Add(-1)
			l.turned.Add(1)
			_ = c.Close()
			continue
		}
		wg.Go(func() {
			defer l.open.Add(-1)
			stop := context.AfterFunc(ctx, func() { _ = c.Close() })
			defer stop()
			defer c.Close() //nolint:errcheck // whatever is left of it is of no use
			l.connection(ctx, c)
		})
	}
}

// connection takes in the messages of one sender. How it ends is nobody's fault but, where
// it says what nobody understands, the sender's.
func (l *listening) connection(ctx context.Context, c net.Conn) {
	if secure, ok := c.(*tls.Conn); ok {
		within, cancel := context.WithTimeout(ctx, greeting)
		err := secure.HandshakeContext(within)
		cancel()
		if err != nil {
			if ctx.Err() == nil {
				l.turnedDown(c, err)
			}
			return
		}
	}
	r := frames{in: bufio.NewReaderSize(quiet{c}, 64<<10), long: func() { l.long.Add(1) }}
	for {
		message, err := r.next()
		if errors.Is(err, errFraming) {
			l.long.Add(1)
		}
		if len(message) > 0 {
			if !l.in.wait(ctx, message) {
				return
			}
		}
		if err != nil {
			return
		}
	}
}

// turnedDown tells that a sender did not agree on how to encrypt.
func (l *listening) turnedDown(c net.Conn, err error) {
	if l.Reject != nil {
		l.Reject(c.RemoteAddr().String(), fmt.Errorf("not connected by TLS: %w", err))
	}
}

// quiet is a connection that may be silent for so long.
type quiet struct{ net.Conn }

// Read implements io.Reader.
func (q quiet) Read(p []byte) (int, error) {
	if err := q.SetReadDeadline(time.Now().Add(silence)); err != nil {
		return 0, err
	}
	return q.Conn.Read(p)
}
