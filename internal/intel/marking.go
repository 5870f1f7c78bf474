package intel

import (
	"fmt"
	"strings"
)

// A Marking is a Traffic Light Protocol 2.0 label (FIRST, August 2022). A
// greater marking may be seen by fewer readers; the zero value is TLP:CLEAR.
type Marking int8

// The markings.
const (
	Clear Marking = iota
	Green
	Amber
	AmberStrict
	Red
)

var markings = [...]string{"TLP:CLEAR", "TLP:GREEN", "TLP:AMBER", "TLP:AMBER+STRICT", "TLP:RED"}

// String returns the label, such as "TLP:AMBER+STRICT".
func (m Marking) String() string {
	if m < Clear || m > Red {
		return fmt.Sprintf("TLP:%d", m)
	}
	return markings[m]
}

// MarshalText implements encoding.TextMarshaler.
func (m Marking) MarshalText() ([]byte, error) { return []byte(m.String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (m *Marking) UnmarshalText(b []byte) (err error) {
	*m, err = ParseMarking(string(b))
	return err
}

// ParseMarking reads a label in any case, with or without "TLP:". "WHITE" of
// TLP 1.0 is CLEAR.
func ParseMarking(s string) (Marking, error) {
	name := strings.TrimSpace(strings.TrimPrefix(strings.ToUpper(strings.TrimSpace(s)), "TLP:"))
	if name == "WHITE" {
		return Clear, nil
	}
	for i, label := range markings {
		if name == strings.TrimPrefix(label, "TLP:") {
			return Marking(i), nil
		}
	}
	return Clear, fmt.Errorf("marking %q is none of %s: %w", s, strings.Join(markings[:], ", "), ErrInvalid)
}

// MarkingOf is what a label among others, such as a tag, says of who may see
// something: TLP:CLEAR if it is about something else, and TLP:RED if it speaks of
// TLP in words we do not know.
func MarkingOf(label string) Marking {
	m, err := ParseMarking(label)
	if err == nil {
		return m
	}
	rest, ok := strings.CutPrefix(strings.ToUpper(strings.TrimSpace(label)), "TLP")
	if ok && (rest == "" || rest[0] < 'A' || rest[0] > 'Z') {
		return Red
	}
	return Clear
}

// A Reader is who a read of the store is for: the greatest marking they may
// see. Every read takes one, so that what is hidden is hidden in the store.
type Reader struct {
	Clearance Marking
}

// Everything is the reader who may see all: the pipeline and the operator at
// the command line.
func Everything() Reader { return Reader{Clearance: Red} }

// Public is the anonymous reader.
func Public() Reader { return Reader{Clearance: Clear} }

// A Reliability is the Admiralty letter of a source, from 'A' (completely
// reliable) to 'E' (unreliable) and 'F' (cannot be judged). Zero means 'F'.
type Reliability byte

// ParseReliability reads one letter from A to F.
func ParseReliability(s string) (Reliability, error) {
	s = strings.ToUpper(strings.TrimSpace(s))
	if len(s) == 1 && s[0] >= 'A' && s[0] <= 'F' {
		return Reliability(s[0]), nil
	}
	return 0, fmt.Errorf("reliability %q, want a letter from A to F: %w", s, ErrInvalid)
}

// String returns the letter.
func (r Reliability) String() string {
	if r == 0 {
		return "F"
	}
	return string(rune(r))
}

// MarshalText implements encoding.TextMarshaler.
func (r Reliability) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (r *Reliability) UnmarshalText(b []byte) (err error) {
	*r, err = ParseReliability(string(b))
	return err
}
