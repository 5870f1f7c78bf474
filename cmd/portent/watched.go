package main

import (
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	toml "github.com/pelletier/go-toml/v2"

	"github.com/portent-cti/portent/internal/collect"
	"github.com/portent-cti/portent/internal/intel"
)

// A watched source is one that serve reads: an entry of the file of sources.
type watched struct {
	Name        intel.SourceID
	Connector   collect.Connector
	Off         bool              // listed, and not read
	Live        bool              // it goes on for as long as it speaks
	Hunted      bool              // its lines are hunted, and nothing of it is kept
	Every       time.Duration     // the pause between visits
	Rate        int               // documents of a minute that are kept
	Reliability intel.Reliability // that a person gave; 0: that of its type
	Marking     intel.Marking
	Allow       []netip.Prefix // networks that it may reach although they are not public
	Ports       []uint16       // that it may reach besides 80 and 443
	Robots      bool           // robots.txt is honoured
	SOCKS       string         // proxy that all goes through, such as Tor's; empty for none
	Hosts       []string       // that it leads to besides onion services
	CA          string         // certificates that those of its servers must come from; empty for those of the system
	Site        string         // whose telemetry it is; empty for this host's
	Profiles    []string       // whose fragments telemetry is hunted for
	Least       float64        // how far believed what telemetry is hunted for is at least
	Settings    []byte         // of its connector, in JSON
}

// entry is a source as the file has it, but for the settings of its connector.
type entry struct {
	Connector   string   `json:"connector"`
	Off         bool     `json:"off"`
	Every       string   `json:"every"`
	Rate        *int     `json:"rate"`
	Reliability string   `json:"reliability"`
	Marking     string   `json:"marking"`
	Allow       []string `json:"allow"`
	Ports       []uint16 `json:"ports"`
	Robots      *bool    `json:"robots"`
	SOCKS       string   `json:"socks"`
	Hosts       []string `json:"hosts"`
	CA          string   `json:"ca"`
	Site        string   `json:"site"`
	Profiles    []string `json:"profiles"`
	Least       *float64 `json:"min-probability"`
}

// entryKeys are the settings that every source has.
func entryKeys() []string {
	return []string{"connector", "off", "every", "rate", "reliability", "marking", "allow", "ports", "robots", "socks", "hosts", "ca", "site", "profiles", "min-probability"}
}

// huntKeys reports whether a setting is of sources whose lines are hunted.
func huntKeys(key string) bool { return key == "site" || key == "profiles" || key == "min-probability" }

const (
	// maxSources is the most bytes of a file of sources.
	maxSources = 4 << 20
	// usualLeast is how far believed what is hunted for is at least, as with portent hunt.
	usualLeast = 0.2
	// usualRate is how many documents of a source are kept in a minute, and fastest how many at most.
	usualRate, fastest = 10_000, 60_000_000
	// quickest is the shortest pause between two visits.
	quickest = 10 * time.Second
)

// sourcesFile is where sources are configured: the file given, else
// $XDG_CONFIG_HOME/portent/sources.toml, or below ~/.config.
func (a *app) sourcesFile() (string, error) {
	if a.cli.SourcesFile != "" {
		return a.cli.SourcesFile, nil
	}
	dir := os.Getenv("XDG_CONFIG_HOME")
	if dir == "" {
		home, err := os.UserHomeDir()
		if err != nil {
			return "", fmt.Errorf("find your configuration: %w (give --sources-file FILE)", err)
		}
		dir = filepath.Join(home, ".config")
	}
	return filepath.Join(dir, "portent", "sources.toml"), nil
}

// watched reads which sources are configured, by name. A file that is not there has none.
func (a *app) watched() ([]watched, error) {
	path, err := a.sourcesFile()
	if err != nil {
		return nil, err
	}
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) && a.cli.SourcesFile == "" {
		return nil, nil
	}
	if errors.Is(err, fs.ErrNotExist) {
		return nil, usageError{fmt.Errorf("there is no file of sources %s; portent sources init writes one, portent sources add begins one", path)}
	}
	if err != nil {
		return nil, usageError{fmt.Errorf("sources: %w", err)}
	}
	all, err := readSources(text)
	if err != nil {
		return nil, usageError{fmt.Errorf("%s: %w", path, err)}
	}
	return all, nil
}

// readSources reads a file of sources: a table for each, called as the source is.
func readSources(text []byte) ([]watched, error) {
	if len(text) > maxSources {
		return nil, fmt.Errorf("a file of sources has %d MiB at most", maxSources>>20)
	}
	tables := map[string]any{}
	var bad *toml.DecodeError
	if err := toml.Unmarshal(text, &tables); errors.As(err, &bad) {
		row, column := bad.Position()
		return nil, fmt.Errorf("line %d, column %d: %w", row, column, err)
	} else if err != nil {
		return nil, err
	}
	var out []watched
	var wrong []error
	for _, name := range slices.Sorted(maps.Keys(tables)) {
		table, ok := tables[name].(map[string]any)
		if !ok {
			wrong = append(wrong, fmt.Errorf("%s is no table; a source is one, such as [vendor-blog]", name))
			continue
		}
		w, err := newWatched(name, table)
		if err != nil {
			wrong = append(wrong, fmt.Errorf("source %s: %w", name, err))
			continue
		}
		out = append(out, w)
	}
	return out, errors.Join(wrong...)
}

// checkName returns an error for what a source cannot be called.
func checkName(name string) error {
	switch s := intel.SourceID(name); {
	case name == "" || len(name) > 200 || strings.ContainsFunc(name, func(r rune) bool { return r < ' ' || r == 0x7f || r == ' ' }):
		return fmt.Errorf("%q is no name of a source; one such as vendor-blog is", name)
	case s.Reserved():
		return fmt.Errorf("%q is a name of analysts and hunts alone", name)
	case unnamed().Has(s):
		return fmt.Errorf("%q is what sources are called that nobody named; choose another name", name)
	}
	return nil
}

// newWatched checks an entry as far as that can be done without asking anybody.
func newWatched(name string, table map[string]any) (watched, error) {
	w := watched{Name: intel.SourceID(name)}
	if err := checkName(name); err != nil {
		return w, err
	}
	own, rest := map[string]any{}, map[string]any{}
	for key, value := range table {
		if slices.Contains(entryKeys(), key) {
			own[key] = value
		} else {
			rest[key] = value
		}
	}
	text, err := json.Marshal(own)
	if err != nil {
		return w, err
	}
	var e entry
	if err := collect.Strict(text)(&e); err != nil {
		return w, err
	}
	if w.Settings, err = json.Marshal(rest); err != nil {
		return w, err
	}
	if err := w.set(e); err != nil {
		return w, err
	}
	if err := w.checkSecrets(rest); err != nil {
		return w, err
	}
	source, err := w.Connector.Open(collect.Env{ID: w.Name}, collect.Strict(w.Settings))
	w.Live = w.Connector.Live
	if s, ok := source.(collect.Stream); ok && s.Streams() {
		w.Live, w.Every = true, 0 // it never catches up
	}
	d, ok := source.(collect.Documented)
	w.Hunted = w.Connector.Telemetry && (!ok || !d.Documents())
	switch {
	case err != nil:
	case w.Connector.Telemetry && !w.Hunted && e.hunts():
		err = errHuntsNothing
	case w.Hunted && e.Rate != nil:
		err = errors.New("rate is of sources whose documents are kept; lines that are hunted wait by themselves")
	case w.Hunted:
		w.Rate = 0
	}
	return w, err
}

// checkSecrets names the setting in which something secret stands itself.
func (w *watched) checkSecrets(settings map[string]any) error {
	for _, s := range settingsOf(w.Connector) {
		where, ok := settings[s.Name].(string)
		if !ok || s.Kind != "secret" {
			continue
		}
		text, err := json.Marshal(where)
		if err != nil {
			return err
		}
		if err := new(collect.Secret).UnmarshalJSON(text); err != nil {
			return fmt.Errorf("%s: %w", s.Name, err)
		}
	}
	return nil
}

// hunts reports whether an entry says what is hunted for, or as whose.
func (e entry) hunts() bool { return e.Site != "" || e.Profiles != nil || e.Least != nil }

var errHuntsNothing = errors.New("site, profiles and min-probability are of sources whose lines are hunted")

// set takes over what every source has.
func (w *watched) set(e entry) (err error) {
	ok := false
	if w.Connector, ok = connector(e.Connector); !ok {
		return fmt.Errorf("no connector %q; portent connectors lists them", e.Connector)
	}
	w.Off, w.Ports, w.Robots = e.Off, e.Ports, w.Connector.Crawls
	if e.Robots != nil {
		w.Robots = *e.Robots
	}
	w.Every = w.Connector.Every
	if w.Every == 0 && !w.Connector.Live {
		w.Every = time.Hour
	}
	if e.Every != "" {
		if w.Every, err = time.ParseDuration(e.Every); err != nil || w.Every < quickest {
			return fmt.Errorf("every: %q is no pause such as 15m, 6h or 24h, of %v at least", e.Every, quickest)
		}
	}
	w.Rate = usualRate
	if e.Rate != nil {
		if w.Rate = *e.Rate; w.Rate < 1 || w.Rate > fastest {
			return fmt.Errorf("rate: %d documents a minute is none from 1 to %d", w.Rate, fastest)
		}
	}
	if e.Reliability != "" {
		if w.Reliability, err = intel.ParseReliability(e.Reliability); err != nil {
			return fmt.Errorf("reliability: %w", err)
		}
	}
	if e.Marking != "" {
		if w.Marking, err = intel.ParseMarking(e.Marking); err != nil {
			return fmt.Errorf("marking: %w", err)
		}
	}
	if err := w.route(e); err != nil {
		return err
	}
	if err := w.hunts(e); err != nil {
		return err
	}
	for _, network := range e.Allow {
		p, err := netip.ParsePrefix(network)
		if err != nil {
			return fmt.Errorf("allow: %q is no network such as 10.1.0.0/16", network)
		}
		w.Allow = append(w.Allow, p)
	}
	return nil
}

// hunts takes over what telemetry is hunted for, and as whose.
func (w *watched) hunts(e entry) error {
	if !w.Connector.Telemetry {
		if e.hunts() {
			return errHuntsNothing
		}
		return nil
	}
	w.Site, w.Profiles, w.Least = e.Site, e.Profiles, usualLeast
	if len(w.Site) > 100 || strings.ContainsFunc(w.Site, func(r rune) bool { return r <= ' ' || r == 0x7f }) {
		return fmt.Errorf("site: %q is no name of a site; one such as east is", w.Site)
	}
	if e.Least != nil {
		w.Least = *e.Least
	}
	if !(w.Least >= 0 && w.Least <= 1) {
		return errors.New("min-probability is a number from 0 to 1")
	}
	return nil
}

// route takes over by which way a source is reached, and whom it must prove to be.
func (w *watched) route(e entry) error {
	w.SOCKS, w.Hosts = e.SOCKS, e.Hosts
	if w.Connector.Proxied && e.SOCKS == "" {
		return fmt.Errorf("socks is missing: %s reads through Tor alone; say where Tor listens, such as socks = \"127.0.0.1:9050\"", w.Connector.Name)
	}
	if _, port, err := net.SplitHostPort(e.SOCKS); e.SOCKS != "" && (err != nil || port == "") {
		return fmt.Errorf("socks: %q is no proxy such as 127.0.0.1:9050, Tor's", e.SOCKS)
	}
	if len(e.Hosts) > 0 && e.SOCKS == "" {
		return errors.New("hosts are those that a proxy leads to; socks says which")
	}
	if e.CA == "" {
		return nil
	}
	text, err := os.ReadFile(e.CA)
	if err != nil {
		return fmt.Errorf("ca: %w", err)
	}
	if w.CA = string(text); !x509.NewCertPool().AppendCertsFromPEM(text) {
		return fmt.Errorf("ca: %s has no certificate in PEM", e.CA)
	}
	return nil
}
