package collect

import (
	"encoding/json"
	"errors"
	"io"
	"strings"
	"testing"
)

func TestAValueThatIsTooLargeEndsBeforeItIsRead(t *testing.T) {
	const limit = 1 << 16
	for name, text := range map[string]string{"a string": `"`, "a list": `[1, "`, "blanks": ""} {
		huge := &endless{64 << 20}
		var in io.Reader = huge
		if name == "blanks" {
			in = blanks{huge}
		}
		v := NewValues(io.MultiReader(strings.NewReader(`["first",`+text), in), limit)
		if _, err := v.Token(); err != nil {
			t.Fatal(err)
		}
		if raw, err := v.Next(); err != nil || string(raw) != `"first"` {
			t.Fatalf("%s: got %s, %v", name, raw, err)
		}
		if _, err := v.Next(); !errors.Is(err, ErrTooLarge) {
			t.Errorf("%s: got error %v, want ErrTooLarge", name, err)
		}
		if read := 64<<20 - huge.n; read > 4*limit {
			t.Errorf("%s: %d bytes were read, the limit is %d", name, read, limit)
		}
	}
}

// blanks turns all that is read into blanks.
type blanks struct{ io.Reader }

func (b blanks) Read(p []byte) (int, error) {
	n, err := b.Reader.Read(p)
	for i := range p[:n] {
		p[i] = ' '
	}
	return n, err
}

func TestValuesOfAllSizesUpToTheLimitAreRead(t *testing.T) {
	const limit = 4096
	var text strings.Builder
	for n := range limit - 2 {
		text.WriteString(` "` + strings.Repeat("x", n) + `"`)
	}
	v := NewValues(strings.NewReader(text.String()), limit)
	for n := range limit - 2 {
		if raw, err := v.Next(); err != nil || len(raw) != n+2 {
			t.Fatalf("value %d: %d bytes, %v", n+1, len(raw), err)
		}
	}
	if raw, err := v.Next(); !errors.Is(err, io.EOF) {
		t.Errorf("got %s, %v, want io.EOF", json.RawMessage(raw), err)
	}
}

func TestManyTinyValuesAreRefusedBeforeTheyFillMemory(t *testing.T) {
	for _, item := range []string{`{},`, `{"a":1},`, `null,`, `[[]],`, `"",`} {
		body := []byte("[" + strings.Repeat(item, 1<<20/len(item)) + "0]")
		var all []struct{ Wide [64]string }
		if err := JSON(body, &all); !errors.Is(err, ErrTooLarge) {
			t.Errorf("%s: got %v and %d values, want ErrTooLarge", item, err, len(all))
		}
	}
	item := `{"id":12345,"text":"{},{},{},{},{},{}","tags":["a","b"]},`
	if err := CheckDepth([]byte("[" + strings.Repeat(item, 8<<20/len(item)) + "0]")); err != nil {
		t.Errorf("a page of short items: %v", err)
	}
}
