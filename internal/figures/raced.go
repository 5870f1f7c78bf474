//go:build race

package figures

// Raced reports whether the race detector watches.
const Raced = true
