package intel_test

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"github.com/portent-cti/portent/internal/intel"
)

func TestAForecastHasAProbabilityOrQuantiles(t *testing.T) {
	for _, test := range []struct {
		f    intel.Forecast
		want string
	}{
		{intel.Forecast{}, `"probability":0,`},
		{intel.Forecast{Probability: .5}, `"probability":0.5,`},
		{intel.Forecast{Quantiles: map[string]float64{"0.5": 3}}, `"quantiles":{"0.5":3}`},
	} {
		b, err := json.Marshal(test.f)
		if err != nil {
			t.Fatal(err)
		}
		s := string(b)
		if !strings.Contains(s, test.want) || strings.Contains(s, `"probability"`) == strings.Contains(s, `"quantiles"`) || !strings.Contains(s, `"reasons":[]`) {
			t.Errorf("%s, want %s in it", s, test.want)
		}
		var back intel.Forecast
		if err := json.Unmarshal(b, &back); err != nil || back.Probability != test.f.Probability || len(back.Quantiles) != len(test.f.Quantiles) {
			t.Errorf("%s was read as %+v, err %v", s, back, err)
		}
	}
}

func TestEveryListOfRowsIsATableUnderItsKey(t *testing.T) {
	var p intel.Profile
	fields := reflect.ValueOf(&p).Elem()
	want := map[string]any{}
	for i := range fields.NumField() {
		if rows, ok := fields.Field(i).Addr().Interface().(*[]intel.Row); ok {
			want[fields.Type().Field(i).Tag.Get("json")] = rows
		}
	}
	for _, table := range p.Tables() {
		if want[table.Key] != any(table.Rows) {
			t.Errorf("%q leads to other rows than its key in JSON", table.Key)
		}
		delete(want, table.Key)
	}
	for key := range want {
		t.Errorf("%s is no table", key)
	}
}
