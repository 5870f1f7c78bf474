package main

import (
	"encoding/json"
	"strings"
	"testing"
)

func TestANameThatTwoActorsHaveTellsBothWithShares(t *testing.T) {
	dir, db := dataDir(t), newStore(t)
	printed(t, exitDone, "--db", db, "-q", "sync", "--from", dir, "actors", "attack")
	var got struct {
		Name       string
		Candidates []struct {
			Actor  string
			Share  float64
			SaidBy []string `json:"said_by"`
		}
	}
	if err := json.Unmarshal([]byte(printed(t, exitDone, "--db", db, "--json", "alias", "Nobelium")), &got); err != nil {
		t.Fatal(err)
	}
	sum := 0.0
	for _, c := range got.Candidates {
		sum += c.Share
		if !strings.HasPrefix(c.Actor, "actor:") || len(c.SaidBy) == 0 {
			t.Errorf("candidate %+v: who is it, says who?", c)
		}
	}
	if got.Name != "Nobelium" || len(got.Candidates) != 2 || sum < .99 || sum > 1.01 {
		t.Errorf("%+v, want two whose shares are one", got)
	}
	if text := printed(t, exitDone, "--db", db, "alias", "Fancy", "Bear"); !strings.HasPrefix(text, "actor:apt28: share 1.00, says ") || !strings.Contains(text, "Sofacy") {
		t.Errorf("Fancy Bear is %s", text)
	}
}
