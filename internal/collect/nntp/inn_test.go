package nntp

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/portent-cti/portent/internal/collect"
	"github.com/portent-cti/portent/internal/collect/collecttest"
	"github.com/portent-cti/portent/internal/fetch"
)

// ofINN opens the source of a server, over TLS.
func ofINN(t *testing.T, n *collecttest.INN, more map[string]any) *visitor {
	t.Helper()
	v := &visitor{now: time.Now(), password: n.Password}
	client, err := fetch.New(fetch.Options{Ports: []uint16{uint16(n.Port)}, Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}, Roots: n.Roots, Pace: &fetch.Pace{PerSecond: 1000}})
	if err != nil {
		t.Fatal(err)
	}
	settings := map[string]any{"server": "127.0.0.1", "port": n.Port, "groups": []string{"example.security", "example.other"}}
	for name, value := range more {
		settings[name] = value
	}
	text, err := json.Marshal(settings)
	if err != nil {
		t.Fatal(err)
	}
	env := collect.Env{ID: "test", Fetch: client, Log: slog.New(slog.NewTextHandler(t.Output(), nil)), Now: func() time.Time { return v.now },
		Reject: func(item string, reason error) { v.rejects = append(v.rejects, item+": "+reason.Error()) },
		Repeat: func() { v.repeated++ },
		Reveal: func(collect.Secret) (string, error) { return v.password, nil }}
	if v.source, err = Connector.Open(env, collect.Strict(text)); err != nil {
		t.Fatal(err)
	}
	return v
}

// takes has a server take an article of a name in groups.
func takes(t *testing.T, n *collecttest.INN, name, groups string) {
	t.Helper()
	n.Take(t, "<"+name+"@a.example>", strings.Replace(note(name, 5), "example.security", groups, 1))
}

func TestGroupsOfINNAreRead(t *testing.T) {
	n := collecttest.NewINN(t, collecttest.NewAuthority(t))
	v := ofINN(t, n, nil)
	v.reads(t, "") // empty groups
	for i := range 4 {
		takes(t, n, fmt.Sprint("n", i), "example.security")
	}
	takes(t, n, "both", "example.other,example.security")
	n.Cancel(t, "<n1@a.example>")
	v.now = time.Now()
	v.reads(t, "n0 n2 n3 both")
	if len(v.docs) != 4 {
		t.FailNow()
	}
	if d := v.docs[0]; d.Text != "Of n0 we know 192.0.2.1.\n.." || d.Author != "mail/Jo Doe" || d.Channel != "usenet/example.security" || d.Published.Day() != 5 || v.repeated != 1 {
		t.Errorf("%+v, %d repeats", d, v.repeated)
	}
	again := ofINN(t, n, nil)
	again.now = time.Now()
	n.Take(t, "<later@a.example>", strings.Replace(strings.Replace(note("later", 5), "example.security", "example.other", 1), "Mon, 05 Jan 2026 03:04:05 UTC", time.Now().UTC().Format(time.RFC1123Z), 1))
	if got, err := again.from(t, v.at()); err != nil || got != "later" || again.docs[0].Assumed {
		t.Errorf("after a restart of ours: %q, err %v", got, err)
	}

	n.Stop()
	n.Empty(t)
	n.Start(t)
	if got, err := again.visit(t); err != nil || got != "" {
		t.Errorf("of a server that lost all: %q, err %v", got, err)
	}
	takes(t, n, "n0", "example.security")
	takes(t, n, "anew", "example.security")
	if got, err := again.visit(t); err != nil || got != "anew" {
		t.Errorf("of groups that were numbered anew: %q, err %v, rejects %q", got, err, again.rejects)
	}
}

func TestAGroupOfINNThatWantsALoginIsReadWithOne(t *testing.T) {
	n := collecttest.NewINN(t, collecttest.NewAuthority(t))
	takes(t, n, "secret", "example.private")
	private := map[string]any{"groups": []string{"example.private"}}
	if _, err := ofINN(t, n, private).visit(t); !collect.IsPermanent(err) || !strings.Contains(err.Error(), "example.private") {
		t.Errorf("without: %v", err)
	}
	private["user"], private["password"] = n.User, "env:P"
	v := ofINN(t, n, private)
	v.password = "wrong"
	if _, err := v.visit(t); !collect.IsPermanent(err) || !strings.Contains(err.Error(), "log in as ann") || strings.Contains(err.Error(), "wrong") {
		t.Errorf("with a wrong one: %v", err)
	}
	v.password = n.Password
	v.reads(t, "secret")
}

func TestACertificateOfAnybodyIsRefused(t *testing.T) {
	n := collecttest.NewINN(t, collecttest.NewAuthority(t))
	n.Roots = collecttest.NewAuthority(t).Roots
	if _, err := ofINN(t, n, nil).visit(t); err == nil || !strings.Contains(err.Error(), "certificate") {
		t.Errorf("%v", err)
	}
}
