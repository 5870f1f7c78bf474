package main

import (
	"cmp"
	"fmt"
	"runtime/debug"
	"strings"
)

// version is what make build stamps: the latest tag, how far the commit is from
// it, and whether it was changed. Other builds leave it empty.
var version string

type versionCmd struct{}

// Run implements the command.
func (c *versionCmd) Run(a *app) error {
	info, _ := debug.ReadBuildInfo()
	v, revision := built(version, info)
	if a.cli.JSON {
		return a.print(map[string]any{"version": v, "revision": revision})
	}
	_, err := fmt.Fprintln(a.out, strings.TrimSpace("portent "+v+" "+revision))
	return err
}

// built returns the version of a build, stamped or as Go knows it, and its
// commit if Go recorded one. No information is nil.
func built(stamped string, info *debug.BuildInfo) (v, revision string) {
	if info == nil {
		return cmp.Or(stamped, "devel"), ""
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" {
			revision = s.Value
		}
	}
	return cmp.Or(stamped, strings.Trim(info.Main.Version, "()"), "devel"), revision
}
