// Package figures divides tests between the two runs of make test: all run
// under the race detector, which takes about ten times as long, but those that
// measure on much data, and learn nothing from it.
package figures

import "testing"

// Only leaves a test to the run without the race detector. FIGURES in the
// Makefile has to name it there. What runs side by side in what it measures must
// be seen by the race detector in another test, on less.
func Only(t testing.TB) {
	t.Helper()
	if Raced {
		t.Skip("it measures on much data: make test runs it without the race detector")
	}
}
