// Package intel holds the nouns of the system: what the verbs take and give.
//
// It imports only the standard library and does no I/O. A value of these types
// means the same in every package; what a stage needs beyond them stays in
// that stage.
package intel

import "errors"

// Errors every layer agrees on. Wrap them with %w; test them with errors.Is.
var (
	ErrNotFound = errors.New("not found")
	ErrInvalid  = errors.New("invalid")
)
