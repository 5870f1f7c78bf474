package main

import (
	"os"
	"runtime/debug"
	"strings"
	"testing"
)

func TestAVersionIsTheStampOrWhatGoKnows(t *testing.T) {
	module := func(version string) *debug.BuildInfo { return &debug.BuildInfo{Main: debug.Module{Version: version}} }
	cloned := module("v0.0.0-20260102030405-0123456789ab")
	cloned.Settings = []debug.BuildSetting{{Key: "vcs.revision", Value: "0123456789abcdef"}}
	for _, test := range []struct {
		stamped           string
		info              *debug.BuildInfo
		version, revision string
	}{
		{"v1.2.3-4-g0123456", module("(devel)"), "v1.2.3-4-g0123456", ""},
		{"v1.2.3", cloned, "v1.2.3", "0123456789abcdef"},
		{"", cloned, "v0.0.0-20260102030405-0123456789ab", "0123456789abcdef"},
		{"", module("(devel)"), "devel", ""},
		{"", module(""), "devel", ""},
		{"", nil, "devel", ""},
	} {
		if v, revision := built(test.stamped, test.info); v != test.version || revision != test.revision {
			t.Errorf("%q, %+v: %q %q, want %q %q", test.stamped, test.info, v, revision, test.version, test.revision)
		}
	}
}

// The linker passes over a name that is not there without a word.
func TestTheMakefileStampsTheVersion(t *testing.T) {
	b, err := os.ReadFile("../../Makefile")
	if err != nil || !strings.Contains(string(b), "-X main.version=$(VERSION)") {
		t.Errorf("make build stamps no version, err %v", err)
	}
	if out := printed(t, exitDone, "version"); out != "portent "+strings.TrimSpace(strings.TrimPrefix(out, "portent "))+"\n" {
		t.Errorf("printed %q", out)
	}
}
