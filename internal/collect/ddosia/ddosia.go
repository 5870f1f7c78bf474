// Package ddosia collects the target lists of the group NoName057(16): CSV
// files of snapshot, host, ip, type, method, port and path.
//
// What one snapshot lists of one host is one document. A request is taken
// apart into fragments of attack: the path, the names of its arguments, the
// port. The country is that of the host's top-level domain, where that stands
// for one.
package ddosia

import (
	"context"
	"encoding/csv"
	"fmt"
	"io/fs"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/portent-cti/portent/internal/collect"
	"github.com/portent-cti/portent/internal/intel"
)

// Connector reads DDoSia target lists.
var Connector = collect.Connector{
	Name:        "ddosia",
	Proven:      "target lists of ddosia-tracker",
	About:       "target lists of NoName057(16) (DDoSia) as CSV",
	Reliability: 'B',
	Open:        collect.Files(read),
	Recognise:   recognise,
}

const (
	header   = "snapshot,host,ip,type,method,port,path"
	wording  = "NoName057(16)"
	maxHosts = 10000 // in memory at a time
	maxRows  = 1000  // of one document
)

var actor = intel.NewEntity(intel.Actor, wording)

func recognise(_ fs.FS, _ string, head []byte) bool {
	return strings.HasPrefix(strings.TrimPrefix(string(head[:min(len(head), 100)]), "\uFEFF"), header)
}

// A row is one request of one snapshot.
type row struct {
	snapshot                     time.Time
	host                         intel.Entity
	ip, kind, method, port, path string
}

func parse(line string) (row, error) {
	r := csv.NewReader(strings.NewReader(line))
	r.FieldsPerRecord, r.LazyQuotes = 7, true
	f, err := r.Read()
	if err != nil {
		return row{}, fmt.Errorf("seven fields are wanted: %s", header)
	}
	at, err := time.Parse("2006-01-02T15:04:05", f[0])
	if err != nil {
		return row{}, fmt.Errorf("snapshot %q: %w", f[0], intel.ErrInvalid)
	}
	host, _, err := collect.Indicator(intel.Domain, f[1])
	if err != nil {
		return row{}, err
	}
	return row{at, host, f[2], f[3], f[4], f[5], f[6]}, nil
}

// read hands over what one file holds.
func read(ctx context.Context, env collect.Env, file string, keep func(intel.Document) error) error {
	f, err := collect.OpenFile(ctx, env, file)
	if err != nil {
		return err
	}
	defer f.Close()
	lines := collect.NewLines(env, f)
	p := snapshot{source: env.ID, hosts: map[intel.Entity]*target{}}
	for lines.Next() {
		text := lines.Text()
		if text == "" || lines.Number() == 1 && text == header {
			continue
		}
		r, err := parse(text)
		if err != nil {
			lines.Reject(err)
			continue
		}
		if !r.snapshot.Equal(p.at) || len(p.hosts) >= maxHosts && p.hosts[r.host] == nil {
			if err := p.flush(r.snapshot, keep); err != nil {
				return err
			}
		}
		if err := p.add(r); err != nil {
			lines.Reject(err)
		}
	}
	if err := lines.Err(); err != nil {
		return err // the last snapshot may lack rows
	}
	return p.flush(time.Time{}, keep)
}

// A snapshot gathers the rows of one moment by host.
type snapshot struct {
	source intel.SourceID
	at     time.Time
	part   int // snapshots of too many hosts come in parts
	hosts  map[intel.Entity]*target
	order  []*target
}

type target struct {
	host string
	doc  intel.Document
	said map[intel.Claim]bool
	rows int
}

func (t *target) say(c intel.Claim) {
	if !t.said[c] {
		t.said[c] = true
		t.doc.Claims = append(t.doc.Claims, c)
	}
}

// flush emits what was gathered and begins the snapshot of another moment.
func (p *snapshot) flush(next time.Time, keep func(intel.Document) error) error {
	for _, t := range p.order {
		t.doc.ID = intel.NewContentID(t.doc, t.doc.Published.Format(time.RFC3339), t.host, strconv.Itoa(p.part))
		if err := keep(t.doc); err != nil {
			return err
		}
	}
	if p.part++; !next.Equal(p.at) {
		p.at, p.part = next, 0
	}
	clear(p.hosts)
	p.order = p.order[:0]
	return nil
}

func (p *snapshot) add(r row) error {
	t := p.hosts[r.host]
	if t == nil {
		t = &target{host: r.host.Name, said: map[intel.Claim]bool{}, doc: intel.Document{
			Source: p.source, Genre: intel.List, Title: "DDoSia targets " + r.host.Name,
			Published: r.snapshot, Learned: r.snapshot, Assumed: true,
		}}
		p.hosts[r.host] = t
		p.order = append(p.order, t)
		t.say(claim(intel.Targets, r.host, intel.Context{}))
		if iso := country(r.host.Name); iso != "" {
			t.say(claim(intel.Targets, intel.NewEntity(intel.Country, iso), intel.Context{Hostname: r.host.Name}))
		}
	}
	if t.rows++; t.rows > maxRows {
		return fmt.Errorf("%w: more than %d rows for %s at once", collect.ErrTooLarge, maxRows, r.host.Name)
	}
	t.fragments(r)
	return nil
}

func claim(rel intel.Relation, object intel.Entity, ctx intel.Context) intel.Claim {
	return intel.Claim{Subject: actor, SubjectText: wording, Relation: rel, Object: object, Context: ctx}
}

// fragments takes one request apart.
func (t *target) fragments(r row) {
	host := r.host.Name
	if ip, _, err := collect.Indicator(intel.IPv4, r.ip); err == nil && r.host.Kind == intel.Domain && (ip.Kind == intel.IPv4 || ip.Kind == intel.IPv6) {
		t.say(intel.Claim{Subject: r.host, Relation: intel.ResolvesTo, Object: ip})
	}
	ctx := intel.Context{Hostname: host, Method: r.method, Note: r.kind}
	if n, err := strconv.ParseUint(r.port, 10, 16); err == nil && n > 0 {
		proto := "tcp"
		if r.kind == "udp" || r.kind == "http3" {
			proto = "udp"
		}
		port := intel.NewEntity(intel.Port, fmt.Sprintf("%d/%s", n, proto))
		t.say(claim(intel.Uses, port, ctx))
		ctx.Port = port.Name
	}
	path, query, _ := strings.Cut(r.path, "?")
	if path != "" && path != "/" && len(path) <= 1024 {
		t.say(claim(intel.Uses, intel.NewEntity(intel.File, path), ctx))
	}
	for _, name := range arguments(query) {
		t.say(claim(intel.Uses, intel.NewEntity(intel.Argument, name), ctx))
	}
}

// arguments returns the names of a query's arguments, each once.
func arguments(query string) (names []string) {
	for pair := range strings.SplitSeq(query, "&") {
		name, _, _ := strings.Cut(pair, "=")
		if plain, err := url.QueryUnescape(name); err == nil {
			name = plain
		}
		name = strings.ToValidUTF8(strings.TrimSpace(name), "\uFFFD")
		if name != "" && len(name) <= 100 && !strings.HasPrefix(name, "$") && !slices.Contains(names, name) && len(names) < 50 {
			names = append(names, name)
		}
	}
	return names
}

// shared is two-letter domains that are sold to the whole world or stand for
// no country.
const shared = " ac ai cc cd co fm eu gg io la me mu nu sc sh st su tk to tv vc ws ml ga cf gq "

// country returns the ISO code of the country a host's top-level domain stands
// for.
func country(host string) string {
	tld := strings.ToLower(host[strings.LastIndexByte(host, '.')+1:])
	switch tld {
	case "uk":
		return "GB"
	case "xn--j1amh", "укр":
		return "UA"
	}
	if len(tld) != 2 || strings.Contains(shared, " "+tld+" ") || strings.Trim(tld, "abcdefghijklmnopqrstuvwxyz") != "" {
		return ""
	}
	return strings.ToUpper(tld)
}
