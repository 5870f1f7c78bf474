package intel_test

import (
	"reflect"
	"testing"

	"github.com/portent-cti/portent/internal/intel"
)

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
