package pipeline

import (
	"fmt"
	"math/bits"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/portent-cti/portent/internal/extract"
	"github.com/portent-cti/portent/internal/intel"
	"github.com/portent-cti/portent/internal/store"
)

// firstOf is the print of text n of a world of so many accounts.
func firstOf(n int, print uint64) store.Print {
	return store.Print{Document: intel.NewDocumentID("forum", fmt.Sprint(n)), Bits: print, Reliability: 'C', Origin: fmt.Sprintf("account-%d", n%500), Source: "forum"}
}

// changed is a print with so many bits changed.
func changed(r *rand.Rand, print uint64, n int) uint64 {
	for _, bit := range r.Perm(64)[:n] {
		print ^= 1 << bit
	}
	return print
}

// TestNearPrintsAreFoundAndOthersAreNot looks prints up that differ from others in so many bits
// as near ones do at most, and compares with what looking at all of them finds.
func TestNearPrintsAreFoundAndOthersAreNot(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	var x index
	var all []uint64
	for n := range 20_000 {
		print := r.Uint64()
		if n%5 == 4 {
			print = changed(r, all[r.IntN(len(all))], r.IntN(2*extract.Nearest))
		}
		all = append(all, print)
		x.add(firstOf(n, print))
		x.add(firstOf(n, print)) // as when it is read from the store again
	}
	for n := range 2_000 {
		print := changed(r, all[r.IntN(len(all))], n%(extract.Nearest+3))
		var want []int32
		for i, k := range all {
			if bits.OnesCount64(k^print) <= extract.Nearest {
				want = append(want, int32(i))
			}
		}
		if got := x.near(print); !slices.Equal(got, want) {
			t.Fatalf("near to %x: %v, want %v", print, got, want)
		}
	}
	if k := x.at(7); k.Document != firstOf(7, 0).Document || k.Bits != all[7] || k.Origin != "account-7" || k.Source != "forum" || k.Original != k.Document || k.Reliability != 'C' {
		t.Errorf("text 7 is %+v", k)
	}
	if got := x.latest("account-7"); len(got) != 20_000/500 || got[0] != firstOf(7, 0).Document {
		t.Errorf("%d texts of account-7, the first %v", len(got), got[:1])
	}
}

// TestAFloodOfPrintsThatAreAlikeIsLookedAtInPart has more prints share a band than are looked at:
// of what is near in that one alone the latest are found, and what is near in another is.
func TestAFloodOfPrintsThatAreAlikeIsLookedAtInPart(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	var x index
	for n := range mostAlike + 1000 {
		print := r.Uint64() >> 10 // band 6, the last
		x.add(firstOf(n, print))
	}
	const others = 1 | 1<<9 | 1<<18 | 1<<27 | 1<<36 | 1<<45 // a bit of each other band
	for n, found := range map[int32]bool{0: false, mostAlike + 999: true} {
		print := x.at(n).Bits
		if got := x.near(print); !slices.Contains(got, n) {
			t.Errorf("text %d is near to %v, not to itself", n, got)
		}
		if got := x.near(print ^ others); slices.Contains(got, n) != found {
			t.Errorf("by that band text %d is near to %v, want it among them: %v", n, got, found)
		}
	}
}

// BenchmarkNear looks texts up among a million and adds them.
func BenchmarkNear(b *testing.B) {
	r := rand.New(rand.NewPCG(5, 6))
	var x index
	for n := range 1_000_000 {
		x.add(firstOf(n, r.Uint64()))
	}
	n := len(x.texts)
	for b.Loop() {
		print := r.Uint64()
		x.near(print)
		x.add(firstOf(n, print))
		n++
	}
}
