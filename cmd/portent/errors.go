package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"reflect"
	"strings"
)

// oneLine is the text of an error, which may be several in as many lines, in words for
// people.
func oneLine(err error) string {
	var out []string
	for _, line := range strings.FieldsFunc(inWords(err), func(r rune) bool { return r == '\n' || r == '\r' }) {
		if line = strings.TrimSpace(line); line != "" {
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

// about says of an error which file or folder it is of, once, whether or not it does so
// itself.
func about(path string, err error) error {
	dir, base := filepath.Split(path)
	var missed *fs.PathError
	text, named := strings.CutPrefix(err.Error(), path+": ")
	switch {
	case errors.As(err, &missed) && text == missed.Error() && filepath.Base(missed.Path) == base:
		return fmt.Errorf("%s: %w", path, missed.Err)
	case named:
		return err
	case strings.HasPrefix(text, base+": "):
		return fmt.Errorf("%s%w", dir, err)
	}
	return fmt.Errorf("%s: %w", path, err)
}
