package collect

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/portent-cti/portent/internal/intel"
)

// A Secret says where something secret stands, such as a token: "env:NAME" in the environment,
// "file:PATH" in a file of its own, "age:NAME" in the encrypted file of secrets. It is never
// what is secret itself, so that settings can be printed, logged and kept.
type Secret string

// UnmarshalJSON implements json.Unmarshaler. What does not say where it stands may be a
// secret, and is not repeated.
func (s *Secret) UnmarshalJSON(text []byte) error {
	var where string
	if err := json.Unmarshal(text, &where); err != nil {
		return fmt.Errorf("a secret is given by where it stands: %w", err)
	}
	kind, name, _ := strings.Cut(where, ":")
	switch kind {
	case "env", "file", "age":
		if name != "" {
			*s = Secret(where)
			return nil
		}
	case "":
		*s = ""
		return nil
	}
	return fmt.Errorf("what is secret does not stand here; say where it does: env:NAME, file:PATH or age:NAME (portent secrets set NAME): %w", intel.ErrInvalid)
}
