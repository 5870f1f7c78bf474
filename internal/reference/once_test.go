package reference_test

import (
	"testing"

	"github.com/portent-cti/portent/internal/reference"
)

func TestTheSetOfNoPacksIsBuiltOnceAndNoOtherIs(t *testing.T) {
	bare, err := reference.NewSet()
	if err != nil || !bare.BuiltIn() {
		t.Fatalf("the set of no packs is built in: %v, err %v", bare.BuiltIn(), err)
	}
	if again, _ := reference.NewSet(); again != bare {
		t.Error("the set of no packs is built each time")
	}
	pack := reference.Pack{Name: "warninglists", Items: []reference.Item{{Key: "net-acme", Body: []byte(`{"type":"cidr","matching_attributes":["ip-dst"],"list":["45.134.21.8/32"]}`)}}}
	listed, err := reference.NewSet(pack)
	if err != nil || listed == bare || listed.BuiltIn() {
		t.Errorf("a set of a pack is the one of none: %v, err %v", listed == bare, err)
	}
}
