package reference

import (
	"encoding/json"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/portent-cti/portent/internal/intel"
)

// counted counts what is read of it.
type counted struct {
	io.Reader
	n int
}

func (c *counted) Read(p []byte) (int, error) {
	n, err := c.Reader.Read(p)
	c.n += n
	return n, err
}

// xs is a text of x without end.
type xs struct{}

func (xs) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = 'x'
	}
	return len(p), nil
}

func TestAnElementWithoutEndIsNamedBeforeItIsRead(t *testing.T) {
	for head, want := range map[string]string{`{"list":[1,"`: "item 2", `{"description":"`: "description", `{"list`: "more than"} {
		r := &counted{Reader: io.MultiReader(strings.NewReader(head), xs{})}
		err := elements(r, "list", func(string, json.RawMessage) error { return nil }, func(json.RawMessage) error { return nil })
		if !errors.Is(err, intel.ErrInvalid) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got error %v, want one that names %q", head, err, want)
		}
		if r.n > 2*maxItem {
			t.Errorf("%s: %d bytes were read", head, r.n)
		}
	}
}
