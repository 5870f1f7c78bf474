package forecast

import (
	"bytes"
	"strings"
	"testing"
)

// FuzzNames gives names numbers as a map would.
func FuzzNames(f *testing.F) {
	f.Add([]byte("a,b,a,,c,a"))
	f.Add(bytes.Repeat([]byte(","), 40))
	f.Add([]byte("evil.example,good.example,evil.example,EVIL.example"))
	f.Fuzz(func(t *testing.T, list []byte) {
		var n names
		plain := map[string]int32{}
		for name := range strings.SplitSeq(string(list), ",") {
			id, fresh := n.of(name)
			want, known := plain[name]
			if !known {
				want = int32(len(plain))
				plain[name] = want
			}
			if id != want || fresh == known || string(n.at(id)) != name {
				t.Fatalf("%q has number %d (fresh: %t) and is %q there; wanted is %d", name, id, fresh, n.at(id), want)
			}
		}
		if n.len() != len(plain) {
			t.Fatalf("%d names, of %d", n.len(), len(plain))
		}
	})
}
