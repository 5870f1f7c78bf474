package web_test

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"math"
	"strings"
	"testing"

	"github.com/portent-cti/portent/internal/intel"
	"github.com/portent-cti/portent/internal/web"
)

func TestAPlotIsWellFormedWhateverWasReplayed(t *testing.T) {
	points := []intel.ReliabilityPoint{{P: .1, Observed: .2, N: 10, Least: .05, Most: .4}, {P: .4, Observed: .3, N: 10, Least: .1, Most: .6}}
	for what, c := range map[string]struct {
		r              web.Replayed
		circles, opens int
	}{
		"nothing": {web.Replayed{Title: "none"}, 0, 0},
		"all": {web.Replayed{Title: "a<b>&\"", Note: "<script>alert(1)</script>", Reliability: points, Covered: points,
			Skills: []web.ReplayedSkill{{"CRPS skill", "naive", intel.Interval{.2, .1, .3}}, {"Brier skill", "<rate>", intel.Interval{-.1, -.2, .1}}}}, 6, 1},
		"no interval": {web.Replayed{Skills: []web.ReplayedSkill{{"AP", "a", intel.Interval{.2, math.NaN(), math.NaN()}}, {"AP", "b", intel.Interval{math.NaN(), 0, 0}}}}, 1, 1},
	} {
		var out bytes.Buffer
		if err := web.Plot(&out, c.r); err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		dots, open := 0, 0
		for d := xml.NewDecoder(bytes.NewReader(out.Bytes())); ; {
			token, err := d.Token()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatalf("%s: %v\n%s", what, err, &out)
			}
			if e, ok := token.(xml.StartElement); ok {
				switch e.Name.Local {
				case "circle":
					dots++
					if e.Attr[0].Value == "dot-open" {
						open++
					}
				case "script":
					t.Errorf("%s: a script in the plot", what)
				}
			}
		}
		if dots != c.circles || open != c.opens || strings.Contains(out.String(), "NaN") {
			t.Errorf("%s: %d dots, %d of them open, want %d and %d:\n%s", what, dots, open, c.circles, c.opens, &out)
		}
	}
}
