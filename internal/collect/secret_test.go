package collect_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/portent-cti/portent/internal/collect"
)

func TestASecretThatStandsInSettingsIsRefusedAndNotRepeated(t *testing.T) {
	var s struct {
		Token collect.Secret `json:"token"`
	}
	err := collect.Strict([]byte(`{"token": "hunter2"}`))(&s)
	if err == nil || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("got %v", err)
	}
	for _, where := range []string{"env:TOKEN", "file:/run/secrets/token", "age:token", ""} {
		text, err := json.Marshal(map[string]string{"token": where})
		if err != nil {
			t.Fatal(err)
		}
		if err := collect.Strict(text)(&s); err != nil || string(s.Token) != where {
			t.Errorf("%s: got %q, err %v", where, s.Token, err)
		}
	}
	for _, nowhere := range []string{`"env:"`, `"file:"`, `7`} {
		if err := collect.Strict([]byte(`{"token": ` + nowhere + `}`))(&s); err == nil {
			t.Errorf("%s is accepted", nowhere)
		}
	}
}
