package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"reflect"
	"strings"
	"time"

	"github.com/portent-cti/portent/internal/intel"
)

// oneLine is the text of an error, which may be several in as many lines, in words for
// people.
func oneLine(err error) string {
	var out []string
	for _, line := range strings.FieldsFunc(inWords(err), func(r rune) bool { return r == '\n' || r == '\r' }) {
		if line = strings.TrimSuffix(strings.TrimSpace(line), ": "+intel.ErrInvalid.Error()); line != "" {
			out = append(out, line)
		}
	}
	return strings.Join(out, "; ")
}

// inWords is the text of an error, in which what JSON was wanted is told by its own names
// and not by those of types of the program.
func inWords(err error) string {
	text := err.Error()
	var kind *json.UnmarshalTypeError
	if errors.As(err, &kind) {
		found, _, _ := strings.Cut(kind.Value, " ") // a number has its digits behind it
		said := fmt.Sprintf("%s is wanted, and %s found", jsonOf(kind.Type), article(found))
		if kind.Field != "" {
			said = kind.Field + ": " + said
		}
		text = strings.Replace(text, kind.Error(), said, 1)
	}
	var syntax *json.SyntaxError
	if errors.As(err, &syntax) {
		ends := "the JSON text is cut off"
		if syntax.Offset == 0 {
			ends = "nothing is in it"
		}
		text = strings.Replace(text, "unexpected end of JSON input", ends, 1)
		text = strings.Replace(text, "invalid character ", "no JSON: invalid character ", 1)
	}
	text = strings.ReplaceAll(text, "json: unknown field", "unknown field")
	var moment *time.ParseError
	if errors.As(err, &moment) {
		text = strings.Replace(text, moment.Error(), fmt.Sprintf("%q is no time such as \"2026-11-20T08:00:00Z\"", moment.Value), 1)
	}
	return text
}

// jsonOf is what JSON a type is read from.
func jsonOf(t reflect.Type) string {
	switch t.Kind() {
	case reflect.Pointer:
		return jsonOf(t.Elem())
	case reflect.Struct, reflect.Map:
		return article("object")
	case reflect.Slice, reflect.Array:
		return article("array")
	case reflect.String:
		return article("string")
	case reflect.Bool:
		return article("bool")
	}
	return article("number")
}

func article(kind string) string {
	switch kind {
	case "bool":
		return "true or false"
	case "array", "object":
		return "an " + kind
	}
	return "a " + kind
}

// notOfForm says of an error in what a file holds which form is wanted.
func notOfForm(err error, wanted string) error {
	var missed *fs.PathError
	if errors.As(err, &missed) || errors.Is(err, context.Canceled) {
		return err
	}
	return formError{err, wanted}
}

// A formError is of a file that is something else than what was asked for.
type formError struct {
	error
	wanted string
}

func (e formError) Error() string {
	return strings.TrimSuffix(e.error.Error(), ": "+intel.ErrInvalid.Error()) + ": " + e.wanted
}

func (e formError) Unwrap() error { return e.error }

// about says of an error which file or folder it is of, once, whether or not it does so
// itself.
func about(path string, err error) error {
	dir, base := filepath.Split(path)
	var missed *fs.PathError
	text, named := strings.CutPrefix(err.Error(), path+": ")
	switch {
	case errors.As(err, &missed) && text == missed.Error() && filepath.Base(missed.Path) == base:
		return fmt.Errorf("%s: %w", path, missed.Err)
	case named || strings.HasPrefix(text, path+string(filepath.Separator)):
		return err
	case strings.HasPrefix(text, base+": "):
		return fmt.Errorf("%s%w", dir, err)
	}
	return fmt.Errorf("%s: %w", path, err)
}
