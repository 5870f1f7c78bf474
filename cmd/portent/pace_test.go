package main

import (
	"bufio"
	"fmt"
	"net"
	"os"
	"strings"
	"testing"
	"time"
)

func TestAStreamThatGivesMoreThanItsRateIsSlowedAndLosesNothing(t *testing.T) {
	f := &firehose{posts: 700}
	text, err := os.ReadFile(f.start(t))
	if err != nil {
		t.Fatal(err)
	}
	sources := file(t, "sources.toml", []byte(strings.Replace(string(text), "rate = 10000000", "rate = 600", 1)))
	db := newStore(t)
	began := time.Now()
	_, stop := serving(t, db, sources)
	defer stop()
	until(t, 90*time.Second, func() bool { n, _ := kept(t, db); return n >= f.posts })
	if took := time.Since(began); took < 9*time.Second {
		t.Errorf("%d came in %v, of which 600 are of a minute", f.posts, took)
	}
	if n, _ := kept(t, db); n != f.posts {
		t.Errorf("%d documents of %d posts", n, f.posts)
	}
}

// TestWhatIsPassedOverIsPartOfHowASourceFares has a server of IRC, which is thrown out of by who reads slowly, flood.
func TestWhatIsPassedOverIsPartOfHowASourceFares(t *testing.T) {
	var lc net.ListenConfig
	l, err := lc.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	go func() {
		c, err := l.Accept()
		if err != nil {
			return
		}
		defer c.Close()
		in := bufio.NewScanner(c)
		for in.Scan() {
			switch line := in.Text(); {
			case strings.HasPrefix(line, "CAP LS"):
				fmt.Fprint(c, ":srv CAP * LS :\r\n")
			case strings.HasPrefix(line, "USER"), strings.HasPrefix(line, "CAP END"):
				fmt.Fprint(c, ":srv 001 reader :Welcome\r\n:srv 376 reader :End\r\n")
			case strings.HasPrefix(line, "JOIN"):
				fmt.Fprint(c, ":reader!r@h JOIN #malware\r\n")
				for n := range 300 {
					fmt.Fprintf(c, ":kelp!u@h PRIVMSG #malware :post %d\r\n", n)
				}
			}
		}
	}()
	_, port, _ := net.SplitHostPort(l.Addr().String())
	sources := file(t, "sources.toml", fmt.Appendf(nil, "[flood]\nconnector = 'irc'\nserver = '127.0.0.1'\nport = %[1]s\nplain = true\nnick = 'reader'\nchannels = ['#malware']\nrate = 100\nallow = ['127.0.0.0/8']\nports = [%[1]s]\n", port))
	db := newStore(t)
	_, stop := serving(t, db, sources)
	defer stop()
	until(t, 60*time.Second, func() bool {
		return strings.Contains(healthOf(t, "--sources-file", sources, "--db", db)["flood"].LastError, "documents were passed over: more came than 100 a minute")
	})
	if n, _ := kept(t, db); n < 90 || n > 110 {
		t.Errorf("%d of 300 are kept", n)
	}
}
