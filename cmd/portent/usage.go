package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/alecthomas/kong"
)

// past is the commands that obey --as-of.
func past() []string { return []string{"profile", "publish", "lookup", "explain", "forecast"} }

// check finds what is wrong with flags that are each right.
func (c *cli) check(k *kong.Context) error {
	command, _, _ := strings.Cut(k.Command(), " ")
	if given(k, "as-of") && !slices.Contains(past(), command) {
		return fmt.Errorf("%s shows nothing as of a time: --as-of is for %s", command, strings.Join(past(), ", "))
	}
	if command == "profile" && c.JSON && c.Profile.Format == "markdown" && given(k, "json") && given(k, "format") {
		return errors.New("profile prints one form: --json or --format markdown, not both")
	}
	return nil
}

// given reports whether a flag stands on the command line itself.
func given(k *kong.Context, flag string) bool {
	return slices.ContainsFunc(k.Path, func(p *kong.Path) bool { return p.Flag != nil && p.Flag.Name == flag && !p.Resolved })
}
