package irc

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/portent-cti/portent/internal/collect"
	"github.com/portent-cti/portent/internal/collect/collecttest"
	"github.com/portent-cti/portent/internal/fetch"
	"github.com/portent-cti/portent/internal/intel"
)

// A reader is a source that reads until it is stopped.
type reader struct {
	*visit
	docs chan intel.Document
	last intel.Cursor
	done chan error
	stop context.CancelFunc
}

// reads reads a server from a cursor on.
func reads(t *testing.T, s collecttest.IRCServer, from intel.Cursor, more map[string]any) *reader {
	t.Helper()
	v := reading(map[string]any{"server": "127.0.0.1", "network": "example", "nick": "reader", "channels": []string{"#malware"}})
	for k, value := range more {
		v.settings[k] = value
	}
	v.now, v.roots, v.password = time.Now, fetch.Options{Roots: s.Roots}, "correct-horse"
	if _, wrong := more["wrong"]; wrong {
		delete(v.settings, "wrong")
		v.password = "wrong"
	}
	src := v.open(t, s.Port)
	ctx, stop := context.WithTimeout(t.Context(), 3*time.Minute)
	r := &reader{v, make(chan intel.Document, 1000), from, make(chan error, 1), stop}
	go func() {
		r.done <- src.Collect(ctx, from, func(d intel.Document, c intel.Cursor) error {
			r.last = c
			r.docs <- d
			return nil
		})
	}()
	t.Cleanup(stop)
	return r
}

// next is what the next n documents say.
func (r *reader) next(t *testing.T, n int) (all []string) {
	t.Helper()
	for range n {
		select {
		case d := <-r.docs:
			all = append(all, strings.TrimPrefix(d.Author, "example/")+": "+d.Text)
		case err := <-r.done:
			t.Fatalf("ended with %v after %q; rejects %q", err, all, r.rejects)
		case <-time.After(time.Minute):
			t.Fatalf("nothing more after %q", all)
		}
	}
	return all
}

// ended stops it and returns where it had read to.
func (r *reader) ended(t *testing.T) intel.Cursor {
	t.Helper()
	r.stop()
	if err := <-r.done; !errors.Is(err, context.Canceled) {
		t.Errorf("stopped with %v", err)
	}
	if len(r.docs) > 0 {
		t.Errorf("%d documents more than expected: %v", len(r.docs), <-r.docs)
	}
	return r.last
}

func want(t *testing.T, got []string, want ...string) {
	t.Helper()
	if strings.Join(got, "|") != strings.Join(want, "|") {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestNgIRCdIsReadFromWhenWeCome(t *testing.T) {
	s := collecttest.NgIRCd(t, collecttest.NewAuthority(t), collecttest.FreePort(t), "")
	kelp := s.Talk(t, "kelp", []string{"#malware"})
	kelp.Say("TOPIC #malware :loaders")
	kelp.Say("PRIVMSG #malware :before")
	kelp.Sync()
	r := reads(t, s, "", nil)
	want(t, r.next(t, 1), "kelp: loaders")
	kelp.Hear("JOIN")
	kelp.Say("PRIVMSG #malware :C2 at \x0304203.0.113.77\x0f")
	kelp.Say("NOTICE #malware :caf\xe9")
	kelp.Say("PRIVMSG #malware :\x01ACTION sells\x01")
	want(t, r.next(t, 3), "kelp: C2 at 203.0.113.77", "kelp: café", "kelp: kelp sells")
	from := r.ended(t)
	kelp.Hear("QUIT")
	kelp.Say("PRIVMSG #malware :missed")
	kelp.Sync()
	r = reads(t, s, from, nil)
	kelp.Hear("JOIN")
	kelp.Say("PRIVMSG #malware :after")
	want(t, r.next(t, 1), "kelp: after") // nobody tells what was missed, nor is the topic told again
	kelp.Say("KICK #malware reader :no logging")
	if err := <-r.done; err == nil || collect.IsPermanent(err) || !strings.Contains(err.Error(), "kelp threw us out: no logging") {
		t.Errorf("thrown out: %v", err)
	}
	kelp.Say("MODE #malware +b reader!*@*")
	kelp.Hear("MODE")
	r = reads(t, s, from, nil)
	if err := <-r.done; err == nil || !strings.Contains(err.Error(), "#malware: it cannot be joined") {
		t.Errorf("banned: %v", err)
	}
	for said := "reader"; strings.Contains(said, "reader"); said = strings.TrimPrefix(kelp.Hear(" 303 "), ":irc.example.net 303 kelp :") {
		kelp.Say("ISON reader")
	}
	s.Talk(t, "reader", nil)
	kelp.Say("MODE #malware -b reader!*@*")
	kelp.Hear("MODE")
	r = reads(t, s, from, nil)
	if line := kelp.Hear("JOIN"); !strings.HasPrefix(line, ":reader_!") {
		t.Errorf("with its nick in use: %s", line)
	}
	s.Kill()
	if err := <-r.done; err == nil || collect.IsPermanent(err) {
		t.Errorf("its server gone: %v", err)
	}
}

func TestAWrongPasswordOfNgIRCdIsPermanent(t *testing.T) {
	s := collecttest.NgIRCd(t, collecttest.NewAuthority(t), collecttest.FreePort(t), "correct-horse")
	r := reads(t, s, "", map[string]any{"server_password": "env:P", "wrong": true})
	if err := <-r.done; !collect.IsPermanent(err) || strings.Contains(err.Error(), "correct") {
		t.Errorf("with a wrong password: %v", err)
	}
	r = reads(t, s, "", map[string]any{"server_password": "env:P"})
	kelp := s.Talk(t, "kelp", []string{"#malware"}, "PASS :correct-horse")
	until := time.After(time.Minute)
	for i := 0; ; i++ {
		kelp.Say("PRIVMSG #malware :%s", fmt.Sprint(i))
		select {
		case <-r.docs:
			r.stop()
			<-r.done
			return
		case err := <-r.done:
			t.Fatal(err)
		case <-until:
			t.Fatal("nothing is read")
		case <-time.After(100 * time.Millisecond):
		}
	}
}

func TestACertificateOfNobodyWeKnowIsRefused(t *testing.T) {
	s := collecttest.NgIRCd(t, collecttest.NewAuthority(t), collecttest.FreePort(t), "")
	s.Roots = nil
	r := reads(t, s, "", nil)
	if err := <-r.done; err == nil || !strings.Contains(err.Error(), "certificate") {
		t.Errorf("of an unknown authority: %v", err)
	}
}

func TestInspIRCdTellsWhatWasMissed(t *testing.T) {
	services := collecttest.FreePort(t)
	s := collecttest.InspIRCd(t, collecttest.NewAuthority(t), collecttest.FreePort(t), services)
	kelp := s.Talk(t, "kelp", []string{"#malware"})
	kelp.Say("MODE #malware +H 100:1h")
	kelp.Say("PRIVMSG #malware :before we came")
	kelp.Sync()
	r := reads(t, s, "", nil)
	kelp.Hear("JOIN")
	kelp.Say("PRIVMSG #malware :one")
	want(t, r.next(t, 1), "kelp: one")
	from := r.ended(t)
	kelp.Hear("QUIT")
	for _, text := range []string{"two", "three", "four"} {
		kelp.Say("PRIVMSG #malware :%s", text)
	}
	kelp.Sync()
	r = reads(t, s, from, nil)
	want(t, r.next(t, 2), "kelp: two", "kelp: three")
	want(t, r.next(t, 1), "kelp: four")
	kelp.Say("PRIVMSG #malware :five")
	want(t, r.next(t, 1), "kelp: five")
	r.ended(t)
	r = reads(t, s, from, nil)
	want(t, r.next(t, 4), "kelp: two", "kelp: three", "kelp: four", "kelp: five")
	r.ended(t)
}

func TestALoginByAtheme(t *testing.T) {
	services := collecttest.FreePort(t)
	s := collecttest.InspIRCd(t, collecttest.NewAuthority(t), collecttest.FreePort(t), services)
	r := reads(t, s, "", map[string]any{"password": "env:P", "account": "kelp"})
	if err := <-r.done; err == nil || collect.IsPermanent(err) || !strings.Contains(err.Error(), "no login") {
		t.Errorf("without services: %v", err)
	}
	collecttest.Atheme(t, services)
	kelp := s.Talk(t, "kelp", []string{"#malware"})
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(100 * time.Millisecond) {
		kelp.Say("PRIVMSG NickServ :REGISTER correct-horse kelp@example.net")
		if line := kelp.Hear("NickServ"); strings.Contains(line, "registered") {
			break
		} else if time.Now().After(deadline) {
			t.Fatal(line)
		}
	}
	r = reads(t, s, "", map[string]any{"password": "env:P", "account": "kelp", "wrong": true})
	if err := <-r.done; !collect.IsPermanent(err) || !strings.Contains(err.Error(), "account kelp") {
		t.Errorf("with a wrong password: %v", err)
	}
	r = reads(t, s, "", map[string]any{"password": "env:P", "account": "kelp"})
	kelp.Hear("JOIN")
	kelp.Say("PRIVMSG #malware :one")
	want(t, r.next(t, 1), "kelp: one")
	kelp.Say("WHOIS reader")
	if line := kelp.Hear(" 330 "); !strings.Contains(line, "reader kelp") {
		t.Errorf("logged in as %s", line)
	}
	r.ended(t)
}

func TestWhatSASLMayAnswer(t *testing.T) {
	const greeting = "> CAP LS 302\n> NICK reader\n> USER reader 0 * :reader/1 (+https://reader.example)\n"
	const offered = greeting + "< :s CAP * LS * :multi-prefix\n< :s CAP * LS :sasl=EXTERNAL,PLAIN\n> CAP REQ :sasl\n< :s CAP reader ACK :sasl\n> AUTHENTICATE PLAIN\n< AUTHENTICATE +\n"
	long := strings.Repeat("x", 290) // with two names of an account and what is between, 300 bytes
	for name, c := range map[string]struct {
		password, script, want string
		permanent              bool
	}{
		"good":       {"pw", offered + "> AUTHENTICATE YWNjAGFjYwBwdw==\n< :s 900 reader x acc :You are now logged in\n< :s 903 reader :SASL authentication successful\n> CAP END\n< ERROR :bye\n", "bye", false},
		"long":       {long + "12", offered + "> AUTHENTICATE " + encoded("acc\x00acc\x00" + long + "12")[:400] + "\n> AUTHENTICATE +\n< :s 905 reader :SASL message too long\n", "too long", true},
		"wrong":      {"pw", offered + "> AUTHENTICATE YWNjAGFjYwBwdw==\n< :s 904 reader :SASL authentication failed\n", "authentication failed", true},
		"another":    {"pw", greeting + "< :s CAP * LS :sasl=EXTERNAL\n", "no login", false},
		"not at all": {"pw", greeting + "< :s 001 reader :Welcome\n", "without a login", false},
		"refused":    {"pw", greeting + "< :s CAP * LS :sasl\n> CAP REQ :sasl\n< :s CAP reader NAK :sasl\n", "no login", false},
	} {
		t.Run(name, func(t *testing.T) {
			ours, theirs := net.Pipe()
			defer ours.Close()
			done := make(chan struct{})
			go func() { defer close(done); spoken(t, c.script, theirs); theirs.Close() }()
			n := &network{Env: collect.Env{Reveal: func(collect.Secret) (string, error) { return c.password, nil }}, settings: settings{Server: "s", Nick: "reader", Account: "acc", Realname: "reader/1 (+https://reader.example)", Password: "env:P"}}
			s := &session{network: n, nick: "reader", conn: ours, lines: lines{from: ours}, has: map[string]bool{}}
			err := s.register()
			<-done
			if err == nil || !strings.Contains(err.Error(), c.want) || collect.IsPermanent(err) != c.permanent || strings.Contains(err.Error(), c.password) {
				t.Errorf("%v", err)
			}
		})
	}
}

func encoded(text string) string { return base64.StdEncoding.EncodeToString([]byte(text)) }
