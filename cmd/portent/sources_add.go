package main

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"

	toml "github.com/pelletier/go-toml/v2"

	"github.com/portent-cti/portent/internal/collect"
)

type sourcesAddCmd struct {
	Name        string            `arg:"" optional:"" help:"What the source is called, such as vendor-blog; asked for if missing."`
	Connector   string            `arg:"" optional:"" help:"Its type; portent connectors lists them."`
	Set         map[string]string `help:"A setting of its type, such as url=https://blog.example/feed; portent connectors NAME lists them. Of each source too: rate, robots, hosts, ca." placeholder:"KEY=VALUE" mapsep:"none"`
	Every       string            `help:"Pause between two visits, such as 15m." placeholder:"TIME"`
	Reliability string            `help:"Admiralty letter, A to F." placeholder:"LETTER"`
	Marking     string            `help:"TLP marking of what it says." placeholder:"TLP"`
	Allow       []string          `help:"Network that it may reach although it is not public." placeholder:"CIDR"`
	Ports       []uint16          `help:"Port that it may reach besides 80 and 443." placeholder:"PORT"`
	Socks       string            `help:"Proxy that all of it goes through, such as Tor's 127.0.0.1:9050." placeholder:"HOST:PORT"`
	Off         bool              `help:"List it, and do not read it."`
}

// Run implements the command.
func (c *sourcesAddCmd) Run(_ context.Context, a *app) error {
	path, err := a.sourcesFile()
	if err != nil {
		return err
	}
	asked := c.Name == "" || c.Connector == ""
	if asked {
		if err := c.ask(a); err != nil {
			return err
		}
	}
	table, err := c.table()
	if err == nil {
		_, err = newWatched(c.Name, table)
	}
	if err != nil {
		if asked {
			a.remark("What you answered: %s", c.answered())
		}
		return usageError{fmt.Errorf("source %s: %w", c.Name, err)}
	}
	if err := addSource(path, c.Name, table); err != nil {
		return err
	}
	if a.cli.JSON {
		return a.print(map[string]string{"name": c.Name, "connector": c.Connector, "file": path})
	}
	fmt.Fprintf(a.out, "%s is in %s; see what it yields with: portent sources try %s\nA serve that runs reads it once it is started anew.\n", c.Name, path, c.Name)
	return a.wanted(table)
}

// answered is the command with what was answered, so that only what is wrong is to be changed:
// but for secrets, which may have been typed themselves.
func (c *sourcesAddCmd) answered() string {
	said := []string{"portent sources add", c.Name, c.Connector}
	con, _ := connector(c.Connector)
	for _, s := range settingsOf(con) {
		if value, ok := c.Set[s.Name]; ok && s.Kind != "secret" {
			said = append(said, "--set", "'"+strings.ReplaceAll(s.Name+"="+value, "'", `'\''`)+"'")
		}
	}
	return strings.Join(said, " ")
}

// wanted says which secrets of an entry are not kept yet, and how they are.
func (a *app) wanted(table map[string]any) error {
	for _, key := range slices.Sorted(maps.Keys(table)) {
		where, _ := table[key].(string)
		name, ok := strings.CutPrefix(where, "age:")
		if !ok {
			continue
		}
		_, kept, err := a.kept()
		if err != nil {
			return err
		}
		if kept[name] == "" {
			a.remark("Its %s is not kept yet; keep it with: portent secrets set %s", key, name)
		}
	}
	return nil
}

// table is the entry as the file will have it.
func (c *sourcesAddCmd) table() (map[string]any, error) {
	con, ok := connector(c.Connector)
	if !ok {
		return nil, fmt.Errorf("no connector %q; portent connectors lists them", c.Connector)
	}
	table := map[string]any{"connector": c.Connector}
	for key, value := range map[string]string{"every": c.Every, "reliability": c.Reliability, "marking": c.Marking, "socks": c.Socks} {
		if value != "" {
			table[key] = value
		}
	}
	if c.Off {
		table["off"] = true
	}
	if len(c.Allow) > 0 {
		table["allow"] = c.Allow
	}
	if len(c.Ports) > 0 {
		table["ports"] = c.Ports
	}
	known := append(settingsOf(con), settingsOfAll()...)
	for _, key := range slices.Sorted(maps.Keys(c.Set)) {
		i := slices.IndexFunc(known, func(s setting) bool { return s.Name == key })
		if i < 0 && slices.Contains(flagged(), key) {
			return nil, fmt.Errorf("%s is of each source, and given by --%s", key, key)
		}
		if i < 0 {
			return nil, fmt.Errorf("%s has no setting %q; portent connectors %s lists them", con.Name, key, con.Name)
		}
		value, err := known[i].value(c.Set[key])
		if err != nil {
			return nil, fmt.Errorf("%s: %w", key, err)
		}
		switch known[i].Kind {
		case "table":
			return nil, fmt.Errorf("%s: it is a table, which is written into the file of sources as [%s.%s] with a line for each of its settings; see docs/sources.md", key, c.Name, key)
		case "tables":
			return nil, fmt.Errorf("%s: they are tables, each of which is written into the file of sources as [[%s.%s]] with a line for each of its settings; see docs/sources.md", key, c.Name, key)
		}
		table[key] = value
	}
	return table, nil
}

// A setting is what can be set of a connector.
type setting struct {
	Name string `json:"name"`
	Kind string `json:"kind"` // text, number, yes or no, list, pairs, table, tables, secret
	Help string `json:"help"`
}

// settingsOf tells the settings of a connector.
func settingsOf(con collect.Connector) (out []setting) {
	of := con.Settings
	if of == nil {
		of = collect.FileSettings{}
	}
	t := reflect.TypeOf(of)
	for i := range t.NumField() {
		f := t.Field(i)
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		kind := kinds()[f.Type.Kind()]
		switch {
		case f.Type == reflect.TypeFor[collect.Secret]():
			kind = "secret"
		case f.Type.Kind() == reflect.Slice && f.Type.Elem().Kind() == reflect.Struct:
			kind = "tables"
		}
		out = append(out, setting{name, kind, f.Tag.Get("help")})
	}
	if con.Telemetry {
		out = append(out,
			setting{"site", "text", "Whose log it is; the name of this host if missing."},
			setting{"min-probability", "number", "Look for nothing that is believed less; 0.2 if missing."},
			setting{"profiles", "list", "Actors whose attack fragments are looked for too."})
	}
	return out
}

// flagged are the settings that each source may have, and that a flag sets.
func flagged() []string {
	return []string{"every", "reliability", "marking", "allow", "ports", "socks", "off"}
}

// settingsOfAll are those that each source may have, and that no flag sets.
func settingsOfAll() []setting {
	return []setting{{"rate", "number", ""}, {"robots", "yes or no", ""}, {"hosts", "list", ""}, {"ca", "text", ""}}
}

func kinds() map[reflect.Kind]string {
	return map[reflect.Kind]string{reflect.String: "text", reflect.Bool: "yes or no", reflect.Int: "number", reflect.Slice: "list", reflect.Map: "pairs", reflect.Pointer: "table"}
}

// value reads a setting from the command line.
func (s setting) value(text string) (any, error) {
	switch s.Kind {
	case "yes or no":
		switch strings.ToLower(text) {
		case "yes", "true", "1":
			return true, nil
		case "no", "false", "0":
			return false, nil
		}
		return nil, fmt.Errorf("%q is neither yes nor no", text)
	case "number":
		if n, err := strconv.Atoi(text); err == nil {
			return n, nil
		}
		n, err := strconv.ParseFloat(text, 64)
		if err != nil {
			return nil, fmt.Errorf("%q is no number", text)
		}
		return n, nil
	case "list":
		return listOf(text)
	case "pairs":
		pairs := map[string]any{}
		for pair := range strings.SplitSeq(text, ",") {
			name, is, ok := strings.Cut(pair, "=")
			if !ok {
				return nil, fmt.Errorf("%q is no pair such as value=IOC", pair)
			}
			pairs[strings.TrimSpace(name)] = strings.TrimSpace(is)
		}
		return pairs, nil
	}
	return text, nil
}

// listOf reads a list: its members between commas, or in JSON where they hold some.
func listOf(text string) (any, error) {
	if strings.HasPrefix(text, "[") {
		var members []string
		if err := json.Unmarshal([]byte(text), &members); err != nil {
			return nil, fmt.Errorf("%s is no list such as a,b or [\"a\", \"b\"]", text)
		}
		return members, nil
	}
	members := strings.Split(text, ",")
	for i, m := range members {
		members[i] = strings.TrimSpace(m)
	}
	return members, nil
}

// ask asks for what is missing, a line each.
func (c *sourcesAddCmd) ask(a *app) error {
	lines := bufio.NewScanner(a.in)
	question := func(words string) (string, error) {
		fmt.Fprintf(a.err, "%s: ", words)
		if lines.Scan() {
			return strings.TrimSpace(lines.Text()), nil
		}
		return "", cmp.Or[error](lines.Err(), usageError{errors.New("a name and a connector are wanted: portent sources add NAME CONNECTOR --set KEY=VALUE")})
	}
	var err error
	if c.Name == "" {
		if c.Name, err = question("Name, such as vendor-blog"); err != nil {
			return err
		}
	}
	con, ok := connector(c.Connector)
	for !ok {
		if c.Connector, err = question("Connector, such as rss"); err != nil {
			return err
		}
		if con, ok = connector(c.Connector); !ok {
			a.remark("No connector %q; portent connectors lists them.", c.Connector)
		}
	}
	if con.Proxied && c.Socks == "" {
		if c.Socks, err = question("Where Tor listens, such as 127.0.0.1:9050"); err != nil {
			return err
		}
	}
	for _, s := range settingsOf(con) {
		if _, given := c.Set[s.Name]; given || strings.HasPrefix(s.Kind, "table") { // which is written into the file
			continue
		}
		answer, err := question(fmt.Sprintf("%s (%s; %s) nothing to leave it out", s.Name, s.Kind, s.Help))
		if err != nil {
			return err
		}
		if answer != "" {
			if c.Set == nil {
				c.Set = map[string]string{}
			}
			c.Set[s.Name] = answer
		}
	}
	return nil
}

// addSource appends an entry to a file of sources, which may not be there yet, whole or not
// at all.
func addSource(path, name string, table map[string]any) error {
	text, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	all, err := readSources(text)
	if err != nil {
		return usageError{fmt.Errorf("%s: %w", path, err)}
	}
	if slices.ContainsFunc(all, func(w watched) bool { return string(w.Name) == name }) {
		return usageError{fmt.Errorf("%s: there is a source %s already; change it there, or choose another name", path, name)}
	}
	var b bytes.Buffer
	if b.Write(text); len(text) > 0 {
		b.WriteString("\n")
	}
	if err := toml.NewEncoder(&b).Encode(map[string]any{name: table}); err != nil {
		return err
	}
	if _, err := readSources(b.Bytes()); err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	return replaceFile(path, b.Bytes())
}

// replaceFile writes a file beside the one that it then takes the place of.
func replaceFile(path string, text []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*")
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	if err = errors.Join(err, f.Sync(), f.Close()); err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return nil
}
