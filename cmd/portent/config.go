package main

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"

	"github.com/alecthomas/kong"
	toml "github.com/pelletier/go-toml/v2"
)

// A config is what the configuration file sets: flags by name, those of a
// command in the table of its name. What the command line says goes first.
type config map[string]any

// readConfig reads a configuration file in TOML.
func readConfig(r io.Reader) (kong.Resolver, error) {
	const most = 1 << 20
	b, err := io.ReadAll(io.LimitReader(r, most+1))
	if err != nil {
		return nil, err
	}
	if len(b) > most {
		return nil, errors.New("a configuration file has 1 MiB at most")
	}
	c := config{}
	var bad *toml.DecodeError
	if err := toml.Unmarshal(b, &c); errors.As(err, &bad) {
		row, column := bad.Position()
		return nil, fmt.Errorf("line %d, column %d: %w", row, column, err)
	} else if err != nil {
		return nil, err
	}
	return c, nil
}

// Validate implements kong.Resolver: a key that sets nothing is an error.
func (c config) Validate(app *kong.Application) error { return c.known(app.Node, "") }

func (c config) known(n *kong.Node, in string) error {
	flags := map[string]bool{}
	for _, f := range n.Flags {
		flags[f.Name] = true
	}
	commands := map[string]*kong.Node{}
	for _, child := range n.Children {
		commands[child.Name] = child
	}
	for _, key := range slices.Sorted(maps.Keys(c)) {
		table, nested := c[key].(map[string]any)
		switch child := commands[key]; {
		case nested && child != nil:
			if err := config(table).known(child, in+key+"."); err != nil {
				return err
			}
		case nested || !flags[key] || key == "config":
			return fmt.Errorf("configuration file: %s%s is no setting; flags of portent --help are, and those of a command in the table of its name", in, key)
		}
	}
	return nil
}

// Resolve implements kong.Resolver.
func (c config) Resolve(_ *kong.Context, parent *kong.Path, flag *kong.Flag) (any, error) {
	return c.table(parent.Command)[flag.Name], nil
}

// table is that of a command, in the table of the command that it belongs to, if there is one.
func (c config) table(of *kong.Node) config {
	if of == nil || of.Parent == nil {
		return c
	}
	table, _ := c.table(of.Parent)[of.Name].(map[string]any)
	return table
}
