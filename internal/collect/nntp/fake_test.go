package nntp

import (
	"bufio"
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"net/textproto"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/portent-cti/portent/internal/collect"
	"github.com/portent-cti/portent/internal/collect/collecttest"
	"github.com/portent-cti/portent/internal/fetch"
	"github.com/portent-cti/portent/internal/intel"
)

// A newsServer is a server of newsgroups, as far as a reader sees it.
type newsServer struct {
	mu       sync.Mutex
	groups   map[string]map[uint64]string // articles by number
	low      map[string]uint64            // where it is not that of the first article
	without  []string                     // commands that it does not know
	answers  map[string]string            // in place of what it would say to a command
	commands []string
}

// post puts an article into a group, at a number.
func (s *newsServer) post(group string, number uint64, article string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.groups == nil {
		s.groups = map[string]map[uint64]string{}
	}
	if s.groups[group] == nil {
		s.groups[group] = map[uint64]string{}
	}
	if article == "" {
		delete(s.groups[group], number)
		return
	}
	s.groups[group][number] = article
}

// said is how often a command was given, by how it begins.
func (s *newsServer) said(command string) (n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.commands {
		if strings.HasPrefix(c, command) {
			n++
		}
	}
	return n
}

// serve talks to one reader.
func (s *newsServer) serve(conn net.Conn) {
	defer conn.Close()
	in, w := textproto.NewReader(bufio.NewReader(conn)), bufio.NewWriter(conn)
	group := ""
	for fmt.Fprintf(w, "200 news.example.net ready\r\n"); w.Flush() == nil; {
		line, err := in.ReadLine()
		if err != nil {
			return
		}
		s.mu.Lock()
		s.commands = append(s.commands, line)
		words := strings.Fields(line)
		answer, told := s.answers[line]
		switch {
		case told:
			fmt.Fprint(w, answer)
		case slices.Contains(s.without, words[0]):
			fmt.Fprint(w, "500 What?\r\n")
		case words[0] == "GROUP" && s.groups[words[1]] == nil:
			fmt.Fprint(w, "411 No such group\r\n")
		case words[0] == "GROUP":
			group = words[1]
			low, high := s.marks(group)
			fmt.Fprintf(w, "211 %d %d %d %s\r\n", len(s.groups[group]), low, high, group)
		default:
			s.answer(w, group, words)
		}
		s.mu.Unlock()
	}
}

func (s *newsServer) marks(group string) (low, high uint64) {
	for n := range s.groups[group] {
		if low == 0 || n < low {
			low = n
		}
		high = max(high, n)
	}
	if s.low[group] != 0 {
		low = s.low[group]
	}
	return low, high
}

func (s *newsServer) answer(w *bufio.Writer, group string, words []string) {
	var from, to uint64
	if len(words) > 1 {
		if n, _ := fmt.Sscanf(words[1], "%d-%d", &from, &to); n == 1 {
			to = from
		}
	}
	article, ok := s.groups[group][from]
	switch words[0] {
	case "MODE":
		fmt.Fprint(w, "201 Hello, you can only read\r\n")
	case "QUIT":
		fmt.Fprint(w, "205 Bye!\r\n")
	case "STAT", "ARTICLE":
		if !ok {
			fmt.Fprint(w, "423 No such article number\r\n")
			return
		}
		if words[0] == "STAT" {
			fmt.Fprintf(w, "223 %d %s status\r\n", from, headerOf(article, "Message-ID"))
			return
		}
		fmt.Fprintf(w, "220 %d %s article\r\n", from, headerOf(article, "Message-ID"))
		dot := textproto.NewWriter(w).DotWriter()
		fmt.Fprint(dot, article)
		dot.Close()
	case "OVER", "XOVER":
		var lines []string
		for n, a := range s.groups[group] {
			if n >= from && n <= to {
				lines = append(lines, fmt.Sprintf("%d\t%s\t%s\t%s\t%s\t\t%d\t5", n, headerOf(a, "Subject"), headerOf(a, "From"), headerOf(a, "Date"), headerOf(a, "Message-ID"), len(a)))
			}
		}
		if len(lines) == 0 {
			fmt.Fprint(w, "423 No articles in that range\r\n")
			return
		}
		fmt.Fprintf(w, "224 Overview follows\r\n%s\r\n.\r\n", strings.Join(lines, "\r\n"))
	default:
		fmt.Fprint(w, "500 What?\r\n")
	}
}

func headerOf(article, name string) string {
	_, rest, _ := strings.Cut("\n"+article, "\n"+name+": ")
	line, _, _ := strings.Cut(rest, "\n")
	return line
}

// note is an article of a name, written days after the year began.
func note(name string, day int) string {
	return fmt.Sprintf("Path: news.example.net!not-for-mail\nFrom: Jo Doe <jo@a.example>\nNewsgroups: example.security\nSubject: %[1]s\nDate: %[2]s\nMessage-ID: <%[1]s@a.example>\n\nOf %[1]s we know 192.0.2.1.\n..\n",
		name, time.Date(2026, 1, day, 3, 4, 5, 0, time.UTC).Format(time.RFC1123Z))
}

// listens has each connection served.
func listens(t *testing.T, serve func(net.Conn)) (port int) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	all.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			all.Go(func() { serve(c) })
		}
	})
	t.Cleanup(func() { l.Close(); all.Wait() })
	return l.Addr().(*net.TCPAddr).Port
}

// A visitor reads a server and keeps what it is given.
type visitor struct {
	docs     []intel.Document
	cursors  []intel.Cursor
	rejects  []string
	repeated int
	now      time.Time
	password string
	source   collect.Source
}

// visits opens the source of a server at a port of this machine.
func visits(t *testing.T, port int, settings string) *visitor {
	t.Helper()
	v := &visitor{now: collecttest.Now, password: "hunter2"}
	client, err := fetch.New(fetch.Options{Ports: []uint16{uint16(port)}, Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}, Pace: &fetch.Pace{PerSecond: 1000}})
	if err != nil {
		t.Fatal(err)
	}
	env := collect.Env{ID: "test", Fetch: client, Log: slog.New(slog.NewTextHandler(t.Output(), nil)), Now: func() time.Time { return v.now },
		Reject: func(item string, reason error) { v.rejects = append(v.rejects, item+": "+reason.Error()) },
		Repeat: func() { v.repeated++ },
		Reveal: func(collect.Secret) (string, error) { return v.password, nil }}
	v.source, err = Connector.Open(env, collect.Strict(fmt.Appendf(nil, `{"server":"127.0.0.1","port":%d,"plain":true,%s}`, port, settings)))
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func (v *visitor) at() intel.Cursor {
	if len(v.cursors) == 0 {
		return ""
	}
	return v.cursors[len(v.cursors)-1]
}

// visit reads what is new, and returns the titles of it.
func (v *visitor) visit(t *testing.T) (string, error) {
	t.Helper()
	return v.from(t, v.at())
}

func (v *visitor) from(t *testing.T, cursor intel.Cursor) (string, error) {
	t.Helper()
	var titles []string
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	err := v.source.Collect(ctx, cursor, func(doc intel.Document, next intel.Cursor) error {
		v.docs, v.cursors, titles = append(v.docs, doc), append(v.cursors, next), append(titles, doc.Title)
		if doc.ID == "" || doc.Source != "test" || doc.Genre != intel.Mail || doc.Text == "" || doc.Learned.IsZero() || doc.Learned.Location() != time.UTC {
			t.Errorf("document %+v lacks something", doc)
		}
		return nil
	})
	return strings.Join(titles, " "), err
}

// reads is a visit that goes well and yields documents of those titles.
func (v *visitor) reads(t *testing.T, want string) {
	t.Helper()
	if got, err := v.visit(t); err != nil || got != want {
		t.Errorf("read %q, err %v, want %q; rejects %q", got, err, want, v.rejects)
	}
}
